#!/usr/bin/env python3
"""The commands of doc/convolution.md that need no model, run again: the pictures beside them and the text below them are what they
print. Photos are decoded by the same library everywhere, or nearly so: a pixel may differ by little."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
from pillow import Image, Tally, np

DOC = pathlib.Path(os.environ["FOVEA_SOURCE"]) / "doc"
FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
text = (DOC / "convolution.md").read_text(encoding="utf-8")
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-doc-"))
for name in ("photo.jpg", "eye.png"):
    shutil.copy(DOC / "pictures" / name, work)

made = set()
commands = re.findall(r"^\$ (fovea .*)\n((?:[^$`].*\n)*)", text, re.M) + [(c, None) for c in
                                                                          re.findall(r"`(fovea filter [^`]*-o [^`]*)`", text)]
for command, printed in commands:
    words = shlex.split(command)[1:]
    got = subprocess.run([str(FOVEA), *words], cwd=work, capture_output=True, text=True, check=False)
    tally.check(command, got.returncode == 0 and printed in (None, got.stdout), got.stderr + got.stdout)
    for name in (word for word in words if word.endswith(".png") and word != "eye.png"):
        a, b = (np.asarray(Image.open(folder / name)).astype(int) for folder in (work, DOC / "pictures"))
        tally.check(name, a.shape == b.shape and np.abs(a - b).mean() < 0.5)
        made.add(name)
tally.check("enough of them", len(made) >= 10, made)

pages = [path.read_text(encoding="utf-8") for path in DOC.glob("*.md")]
shown = {name for page in pages for name in re.findall(r"pictures/([\w.-]*\w)", page)}
there = {path.name for path in (DOC / "pictures").iterdir()} - {"README.md"}
tally.check("all pictures are shown", shown == there, shown ^ there)
tally.check("they are small", sum(path.stat().st_size for path in (DOC / "pictures").iterdir()) < 1_000_000)
shutil.rmtree(work)
tally.exit()
