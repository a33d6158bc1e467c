#!/usr/bin/env python3
"""`--tta`: the mean over views that Pillow cuts and mirrors here, each classified by itself with a net that cuts nothing."""
import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile
from pillow import Image, Tally, np, save

FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-views-"))
CUT, SHORTER = 24, 32


def fovea(*words):
    return subprocess.run([str(FOVEA), *map(str, words)], capture_output=True, text=True, check=False, cwd=work)


def probabilities(net, *files, tta=None):
    """[files, classes]"""
    run = fovea("predict", f"{net}.net", "--weights", "w.safetensors", *files, "--top", 3, "--csv", *(["--tta", tta] if tta else []))
    tally.check(f"{net} {tta}", run.returncode == 0, run.stderr)
    found = {}
    for row in csv.DictReader(io.StringIO(run.stdout)):
        found.setdefault(row["path"], [0, 0, 0])[int(row["class"])] = float(row["probability"])
    return np.array([found.get(str(f), [0, 0, 0]) for f in files])


random = np.random.RandomState(5)
for name, input_line in (("cut", f"{CUT}x{CUT}x3 shorter {SHORTER}"), ("whole", f"{CUT}x{CUT}x3")):
    (work / f"{name}.net").write_text(f"net {name}\ninput {input_line}\nclasses 3\nc: conv 5x5 4 stride 3 relu\nfc: dense classes\n")
save(work / "w.safetensors", {"c.weight": random.randn(4, 3, 5, 5) * .2, "c.bias": random.randn(4) * .1,
                              "fc.weight": random.randn(3, 4 * 7 * 7) * .3, "fc.bias": random.randn(3) * .1})
for index, (width, height) in enumerate(((32, 32), (44, 32), (32, 40))):
    photo = Image.fromarray(random.randint(0, 256, (height, width, 3), np.uint8))
    name = f"{index}.png"
    photo.save(work / name)
    left, top, room = (width - SHORTER) // 2, (height - SHORTER) // 2, SHORTER - CUT
    corners = [(left + room // 2, top + room // 2)] + [(left + x, top + y) for y in (0, room) for x in (0, room)]
    views = []
    for x, y in corners:
        part = photo.crop((x, y, x + CUT, y + CUT))
        views += [part, part.transpose(Image.FLIP_LEFT_RIGHT)]
    for i, view in enumerate(views):
        view.save(work / f"view{i}.png")
    each = probabilities("whole", *(f"view{i}.png" for i in range(10)))
    tally.check("views differ", each.std(0).max() > 1e-3, each)
    for tta, count in ((None, 1), ("flip", 2), ("ten", 10)):
        p = probabilities("cut", name, tta=tta)[0]
        tally.check(f"mean of {count}, {width}x{height}", np.abs(p - each[:count].mean(0)).max() < 1e-6, (p, each[:count].mean(0)))

# eval says what predict says, on files and on arrays
for split in ("train", "test"):
    for label in range(3):
        (work / "photos" / split / str(label)).mkdir(parents=True)
        for i in range(4):
            pixels = random.randint(0, 256, (36, 36, 3), np.uint8)
            Image.fromarray(pixels).save(work / "photos" / split / str(label) / f"{i}.png")
files = [f"photos/test/{label}/{i}.png" for label in range(3) for i in range(4)]
labels = np.repeat(range(3), 4)
for tta in ("flip", "ten"):
    p = probabilities("cut", *files, tta=tta)
    run = fovea("eval", "cut.net", "--weights", "w.safetensors", "photos", "--tta", tta, "--json")
    d = json.loads(run.stdout) if run.returncode == 0 else {"top1": -1, "loss": -1}
    tally.check(f"eval {tta}", abs(d["top1"] - (p.argmax(1) == labels).mean()) < 1e-9
                and abs(d["loss"] + np.log(p[np.arange(12), labels]).mean()) < 1e-5, run.stderr + run.stdout[:400])
pixels = random.randint(0, 256, (6, CUT, CUT, 3), np.uint8)
(work / "arrays").mkdir()
np.save(work / "arrays" / "test-pictures.npy", pixels)
np.save(work / "arrays" / "test-labels.npy", np.arange(6) % 3)
for i, view in enumerate(pixels):
    Image.fromarray(view).save(work / f"view{i}.png")
p = probabilities("whole", *(f"view{i}.png" for i in range(6)), tta="flip")
run = fovea("eval", "whole.net", "--weights", "w.safetensors", "arrays", "--tta", "flip", "--json")
d = json.loads(run.stdout) if run.returncode == 0 else {"loss": -1}
tally.check("eval of arrays", abs(d["loss"] + np.log(p[np.arange(6), np.arange(6) % 3]).mean()) < 1e-5, run.stderr)
run = fovea("predict", "whole.net", "--weights", "w.safetensors", "0.png", "--tta", "ten")
tally.check("nothing is cut", run.returncode == 1 and "does not cut its pictures" in run.stderr, run.stderr)
tally.exit()
