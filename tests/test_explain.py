#!/usr/bin/env python3
"""`fovea predict --explain`: overlays lie where the net looked. A network that can only answer by brightness is shown a photo
that is dark but for one corner: that corner is red. The heat itself is compared with PyTorch's in test_heat.c."""
import json
import os
import pathlib
import subprocess
import tempfile
from pillow import Image, Tally, np, save

FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-explain-"))


def fovea(*words):
    return subprocess.run([str(FOVEA), *map(str, words)], capture_output=True, text=True, check=False, cwd=work)


# One map, the mean of 4x4 pixels; class "light" is its sum, "dark" the negative. Pictures: the middle square.
(work / "light.net").write_text("net light\ninput 32x32x3 shorter 32\nclasses 2\nmean: conv 4x4 1 stride 4 relu\nfc: dense classes\n")
save(work / "light.safetensors", {"mean.weight": np.full((1, 3, 4, 4), 1 / 48), "mean.bias": [0],
                                  "fc.weight": np.stack([np.ones(64), -np.ones(64)]), "fc.bias": [0, 1]})
photo = np.zeros((240, 320, 3), np.uint8)
photo[:60, 40:100] = 255  # upper left corner of the square that the net sees, columns 40 to 279
Image.fromarray(photo).save(work / "corner.png")
(work / "in").mkdir()
Image.fromarray(photo[:, :200]).save(work / "in" / "narrow.png")
(work / "in" / "bad.png").write_text("no picture")

run = fovea("predict", "light.net", "--weights", "light.safetensors", "corner.png", "--explain", "out", "--jsonl")
tally.check("predict succeeds", run.returncode == 0, run.stderr)
tally.check("one document a line", json.loads(run.stdout)["class"] == "0", run.stdout)
tally.check("an overlay is written", (work / "out" / "corner.png.png").exists(), os.listdir(work))
if (work / "out" / "corner.png.png").exists():
    a = np.asarray(Image.open(work / "out" / "corner.png.png").convert("RGB")).astype(int)
    tally.check("as large as the photo", a.shape == (240, 320, 3), a.shape)
    red, blue = a[..., 0] - a[..., 2] > 60, a[..., 2] - a[..., 0] > 60
    tally.check("red where it is light", red[4:44, 48:84].all() and not red[90:, :].any(), "")
    tally.check("blue elsewhere in the square", blue[90:, 41:279].all() and blue[:, 140:279].all(), "")
    tally.check("no colour beside the square", (a[:, :37] == 0).all() and (a[:, 284:] == 0).all(), "")

run = fovea("predict", "light.net", "--weights", "light.safetensors", "corner.png", "in", "--explain", "two", "--layer", "mean")
tally.check("a broken picture does not stop it", run.returncode == 3, run.stderr)
tally.check("names say where pictures lay", sorted(os.listdir(work / "two")) == ["corner.png.png", "narrow.png.png"],
            os.listdir(work / "two"))
if (work / "two" / "narrow.png.png").exists():
    tally.check("small pictures are enlarged", Image.open(work / "two" / "narrow.png.png").size == (400, 480),
                Image.open(work / "two" / "narrow.png.png").size)
run = fovea("predict", "light.net", "--weights", "light.safetensors", "corner.png", "--explain", "out", "--layer", "man")
tally.check("a layer that is none", run.returncode == 2 and "did you mean 'mean'" in run.stderr, run.stderr)
run = fovea("predict", "light.net", "--weights", "light.safetensors", "corner.png", "--layer", "mean")
tally.check("--layer alone", run.returncode == 2 and "--explain" in run.stderr, run.stderr)
run = fovea("predict", "light.net", "--weights", "light.safetensors", "corner.png", "--explain", "corner.png/x")
tally.check("a folder that cannot be made", run.returncode == 1, run.stderr)
tally.exit()
