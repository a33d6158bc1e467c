#!/usr/bin/env python3
"""`fovea features`: what layers of LeNet-5 make of a picture, against the same sums in numpy from the model file's weights; and
`fovea info --filters`, the picture of its first weights."""
import json
import os
import pathlib
import struct
import subprocess
import tempfile
from pillow import Image, Tally, np

SOURCE = pathlib.Path(os.environ["FOVEA_SOURCE"])
FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-features-"))


def fovea(*words):
    return subprocess.run([str(FOVEA), *map(str, words)], capture_output=True, text=True, check=False, cwd=work)


def weights(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:8 + size])
    return {name: np.frombuffer(data[8 + size:], np.float32, offset=e["data_offsets"][0],
                                count=int(np.prod(e["shape"]))).reshape(e["shape"]).astype(float)
            for name, e in entries.items() if name != "__metadata__"}


def conv(x, w, b, pad):
    """x [C,H,W], w [F,C,k,k]"""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    k = w.shape[2]
    h, v = x.shape[1] - k + 1, x.shape[2] - k + 1
    y = sum(np.einsum("fc,chw->fhw", w[:, :, r, s], x[:, r:r + h, s:s + v]) for r in range(k) for s in range(k))
    return np.maximum(y + b[:, None, None], 0)


def pool(x):
    return x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))


def compare(name, picture, want):
    """want [C,H,W]"""
    got = fovea("features", "run", picture, "--layer", name, "-o", "out.npy")
    good = got.returncode == 0 and (work / "out.npy").exists()
    a = np.load(work / "out.npy") if good else np.zeros((1, 1, 1, 1))
    error = np.abs(a[0].transpose(2, 0, 1) - want).max() / np.abs(want).max() if a[0].size == want.size else 1
    tally.check(name, error < 1e-5, f"{got.stderr} error {error}")


subprocess.run(["python3", str(SOURCE / "tests/cli/small_data.py"), str(work / "data")], check=True)
fovea("train", "lenet-5", "data", "--epochs", 1, "--out", "run", "--threads", 1, "-q")
w = weights(work / "run" / "weights" / "best.safetensors")
pixels = np.zeros((28, 28), np.uint8)
pixels[6:22, 10:18] = np.random.RandomState(1).randint(1, 256, (16, 8))
Image.fromarray(pixels).save(work / "digit.png")
x = ((pixels / 255 - .1307) / .3081)[None]
conv1 = conv(x, w["conv1.weight"], w["conv1.bias"], 2)
conv2 = conv(pool(conv1), w["conv2.weight"], w["conv2.bias"], 0)
fc1 = np.maximum(w["fc1.weight"] @ pool(conv2).ravel() + w["fc1.bias"], 0)
compare("conv1", "digit.png", conv1)
compare("pool1", "digit.png", pool(conv1))
compare("conv2", "digit.png", conv2)
compare("fc1", "digit.png", fc1[:, None, None])

csv = fovea("features", "run", "digit.png", "digit.png", "--layer", "fc1").stdout.splitlines()
tally.check("csv", len(csv) == 3 and csv[0].startswith("path,v0,v1") and csv[1] == csv[2] and
            np.abs(np.array(csv[1].split(",")[1:], float) - fc1).max() < 1e-4 * np.abs(fc1).max())
(work / "some/where").mkdir(parents=True)
Image.fromarray(pixels.T).save(work / "some/where/turned ü.png")
Image.fromarray(pixels).save(work / "some/0.png")
got = fovea("features", "run", "some", "digit.png", "--layer", "conv2", "-o", "out.safetensors")
fovea("features", "run", "some/0.png", "some/where/turned ü.png", "digit.png", "--layer", "conv2", "-o", "out.npy")
data = (work / "out.safetensors").read_bytes() if got.returncode == 0 else struct.pack("<Q", 2) + b"{}"
size, = struct.unpack_from("<Q", data)
head = json.loads(data[8:8 + size])
tally.check("safetensors: tensor", head.get("features", {}).get("shape") == [3, 10, 10, 16] and
            np.load(work / "out.npy").tobytes() == data[8 + size:], (got.stderr, head))
meta = head.get("__metadata__", {"paths": "[]"})
tally.check("safetensors: layer and paths", meta.get("layer") == "conv2" and
            json.loads(meta["paths"]) == ["some/0.png", "some/where/turned ü.png", "digit.png"], meta)
got = fovea("features", "run", "digit.png", "--layer", "conv1", "--maps", "maps.png", "--zoom", 1)
sheet = np.asarray(Image.open(work / "maps.png"))
first = (conv1[0] - conv1[0].min()) / np.ptp(conv1[0]) * 255
tally.check("maps", sheet.shape == (2 * 28 + 2, 3 * 28 + 4) and np.abs(sheet[:28, :28] - first).max() <= 1, got.stderr)
got = fovea("info", "run", "--filters", "filters.png")
sheet = np.asarray(Image.open(work / "filters.png")).astype(float)
f = w["conv1.weight"]
zoom = 32 // 5
first = np.kron((f[0, 0] - f.min()) / np.ptp(f) * 255, np.ones((zoom, zoom)))
tally.check("filters", "6 filters of 5x5x1" in got.stdout and np.abs(sheet[:30, :30] - first).max() <= 1, got.stderr)

for name, words, code, text in (
        ("unknown layer", ["run", "digit.png", "--layer", "cnv1"], 2, "did you mean 'conv1'?"),
        ("no layer", ["run", "digit.png"], 2, "--layer names the layer"),
        ("maps of two", ["run", "digit.png", "digit.png", "--layer", "conv1", "--maps", "a.png"], 2, "of one picture"),
        ("another ending", ["run", "digit.png", "--layer", "conv1", "-o", "a.txt"], 2, "as .npy or .safetensors"),
        ("one of two", ["run", "digit.png", "none.png", "--layer", "fc3"], 3, "none.png"),
        ("none of one", ["run", "none.png", "--layer", "fc3"], 1, "none.png")):
    got = fovea("features", *words)
    tally.check(name, got.returncode == code and text in got.stderr, got.stderr)
subprocess.run(["rm", "-rf", str(work)], check=True)
tally.exit()
