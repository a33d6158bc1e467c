#!/usr/bin/env python3
"""From a JPEG to a network's input, on our own path against Pillow and numpy: torchvision's Resize(256), CenterCrop(224), ToTensor,
Normalize, and what SqueezeNet's Caffe weights want. Bytes are equal before the scaling and floats to 1e-6 behind it. With the
weights at hand (../shared/data), as many of 110 labelled photos are named as PyTorch names."""
import csv
import io
import os
import pathlib
import subprocess
import tempfile
from pillow import Image, Tally, np

SOURCE = pathlib.Path(os.environ["FOVEA_SOURCE"])
SHARED = SOURCE.parent / "shared" / "data"
FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-preprocess-"))


def net(name, line):
    """A network whose first layer, a pooling of single pixels, gives back its input."""
    (work / name).write_text(f"net t\ninput {line}\nsame: avgpool 1x1\navgpool global dense 2\n")
    return name


def inputs(name, photos):
    got = subprocess.run([str(FOVEA), "features", name, *map(str, photos), "--layer", "same", "--no-exif", "-o", "in.npy"],
                         cwd=work, capture_output=True, text=True, check=False)
    tally.check(f"{name} runs", got.returncode == 0, got.stderr)
    return np.load(work / "in.npy") if got.returncode == 0 else []


def torchvision(path):
    image = Image.open(path).convert("RGB")
    w, h = image.size
    new = (256, int(256 * h / w)) if w < h else (int(256 * w / h), 256)
    image = np.asarray(image.resize(new, Image.BILINEAR))
    top, left = round((new[1] - 224) / 2), round((new[0] - 224) / 2)  # Python's round: half to even
    return image[top:top + 224, left:left + 224]


def caffe(path):
    image = Image.open(path).convert("RGB")
    w, h = image.size
    s = 256 / min(w, h)
    new = (int(w * s), int(h * s))
    image = np.asarray(image.resize(new, Image.BILINEAR))
    top, left = (new[1] - 227) // 2, (new[0] - 227) // 2
    return image[top:top + 227, left:left + 227]


def photos():
    """Random ones of sizes that leave odd margins, and real ones."""
    rng = np.random.RandomState(9)
    for i, (h, w) in enumerate([(375, 500), (333, 499), (301, 257), (600, 400), (256, 343), (345, 256), (100, 134), (256, 256)]):
        out = io.BytesIO()
        Image.fromarray(rng.randint(0, 256, (h, w, 3)).astype(np.uint8)).save(out, "JPEG", quality=90)
        (work / f"{i}.jpg").write_bytes(out.getvalue())
        yield work / f"{i}.jpg"
    yield from sorted(SHARED.glob("imagenet-pictures/*.JPEG"))[::10]


files = list(photos())
plain = inputs(net("plain-224.net", "224x224x3 shorter 256 range 0 255"), files)
TORCHVISION = "224x224x3 shorter 256 mean .485 .456 .406 std .229 .224 .225"
scaled = inputs(net("scaled-224.net", TORCHVISION), files)
for path, a, b in zip(files, plain, scaled):
    want = torchvision(path)
    tally.check(f"{path.name}: torchvision's bytes", np.array_equal(a, want), f"{(a != want).sum()} differ")
    mean, std = (np.array(v, np.float32) for v in ((.485, .456, .406), (.229, .224, .225)))
    floats = ((want.astype(np.float32) / np.float32(255)) - mean) / std
    tally.check(f"{path.name}: torchvision's floats", np.abs(b - floats).max() <= 1e-6, np.abs(b - floats).max())
for name in ("alexnet-owt googlenet-bn mobilenet-v2 resnet-18 resnet-34 resnet-50 squeezenet-1.0 squeezenet-1.1 "
             "vgg-a vgg-a-bn vgg-b vgg-b-bn vgg-d vgg-d-bn vgg-e vgg-e-bn").split():
    lines = (SOURCE / "nets" / f"{name}.net").read_text().splitlines()
    tally.check(f"{name} reads pictures as torchvision trained it", f"input {TORCHVISION}" in lines)
plain = inputs(net("plain-227.net", "227x227x3 shorter 256 floor range 0 255"), files)
scaled = inputs(net("scaled-227.net", "227x227x3 shorter 256 floor range 0 255 mean 123 117 104"), files)
for path, a, b in zip(files, plain, scaled):
    want = caffe(path)
    tally.check(f"{path.name}: Caffe's bytes", np.array_equal(a, want), f"{(a != want).sum()} differ")
    tally.check(f"{path.name}: Caffe's floats", np.array_equal(b, want.astype(np.float32) - np.array([123, 117, 104], np.float32)))

weights = SHARED / "models/squeezenet-1.0-caffe/squeezenet-1.0-caffe.safetensors"
if weights.exists() and not os.environ.get("QUICK"):
    labels = {row["file"]: row["index"] for row in csv.DictReader((SHARED / "imagenet-pictures/labels.tsv").open(), delimiter="\t")}
    said = subprocess.run([str(FOVEA), "predict", "squeezenet-1.0-caffe", "--weights", str(weights), "--top", "5", "--csv",
                           *(str(SHARED / "imagenet-pictures" / name) for name in labels)], capture_output=True, text=True, check=True)
    ranks = {}
    for row in csv.DictReader(io.StringIO(said.stdout)):
        ranks.setdefault(pathlib.Path(row["path"]).name, []).append(row["class"])
    first = sum(ranks[name][0] == index for name, index in labels.items())
    five = sum(index in ranks[name] for name, index in labels.items())
    tally.check("110 photos", (first, five) == (72, 90), (first, five))
subprocess.run(["rm", "-rf", str(work)], check=True)
tally.exit()
