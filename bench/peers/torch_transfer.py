#!/usr/bin/env python3
"""The judge of `fovea train squeezenet-1.0-caffe PHOTOS --from WEIGHTS`: the same features and a logistic head in PyTorch.

    bench/peers/torch_transfer.py WEIGHTS RUN...

RUN is the folder of a run: its split.csv (path, class, split) is the split here too. Pillow reads and resizes (shorter side 256, middle 227, less the mean of
Caffe's pictures), the features are the mean over fire9's map, standardised on the training pictures; the weight decay of
the head is the one with the least loss on the validation pictures. Prints right/count of each split; and where the folder holds
said.csv (`fovea eval RUN PHOTOS --csv RUN/said.csv`), how much more of the test pictures Fovea names right, with the 95 %
interval of a paired bootstrap: 10,000 times as many pictures are drawn, with both sides' answers to them."""
import csv
import json
import os
import struct
import sys

import numpy as np
import torch
from PIL import Image

FIRES = (3, 4, 5, 7, 8, 9, 10, 12)


def load(path):
    raw = open(path, "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    return {name: torch.from_numpy(np.frombuffer(raw, np.float32, offset=8 + size + t["data_offsets"][0],
                                                 count=int(np.prod(t["shape"]))).reshape(t["shape"]).copy())
            for name, t in json.loads(raw[8:8 + size]).items() if name != "__metadata__"}


def features(w, x):
    def conv(name, x, **kw):
        return torch.relu(torch.nn.functional.conv2d(x, w[name + ".weight"], w[name + ".bias"], **kw))

    def pool(x):
        return torch.nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)

    x = pool(conv("features.0", x, stride=2))
    for i in range(3, 13):
        if i not in FIRES:
            x = pool(x)
            continue
        s = conv(f"features.{i}.squeeze", x)
        x = torch.cat([conv(f"features.{i}.expand1x1", s), conv(f"features.{i}.expand3x3", s, padding=1)], 1)
    return x.mean((2, 3))


def picture(path):
    image = Image.open(path).convert("RGB")
    w, h = image.size
    short = min(w, h)
    image = image.resize((256 * w // short, 256 * h // short), Image.BILINEAR)
    w, h = image.size
    left, top = (w - 227) // 2, (h - 227) // 2
    x = np.asarray(image.crop((left, top, left + 227, top + 227)), dtype=np.float32)
    return torch.from_numpy(x - np.float32([123, 117, 104])).permute(2, 0, 1)


def head(x, y, classes, decay):
    layer = torch.nn.Linear(x.shape[1], classes).double()
    torch.nn.init.zeros_(layer.weight), torch.nn.init.zeros_(layer.bias)
    best = torch.optim.LBFGS(layer.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure():
        best.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer(x), y) + decay / 2 * layer.weight.square().sum()
        loss.backward()
        return loss
    best.step(closure)
    return layer


def compare(said, rows, theirs):
    """theirs[i]: is rows[i] named right here? Rows are test pictures."""
    ours = {os.path.realpath(r["path"]): r["label"] == r["predicted"] for r in csv.DictReader(open(said, newline=""))}
    more = np.array([ours[os.path.realpath(r["path"])] - int(right) for r, right in zip(rows, theirs)])
    draws = np.random.default_rng(0).integers(0, len(more), (10000, len(more)))
    low, high = np.percentile(more[draws].mean(1), (2.5, 97.5))
    print(f"  test: Fovea {sum(ours.values())}/{len(more)}, {(more != 0).sum()} of them judged differently, "
          f"{100 * more.mean():+.2f} % ({100 * low:+.2f} to {100 * high:+.2f})", flush=True)


def main():
    torch.set_num_threads(2)
    weights = load(sys.argv[1])
    for folder in sys.argv[2:]:
        rows = list(csv.DictReader(open(os.path.join(folder, "split.csv"), newline="")))
        names = sorted({r["class"] for r in rows})
        y = torch.tensor([names.index(r["class"]) for r in rows])
        with torch.no_grad():
            x = torch.cat([features(weights, torch.stack([picture(r["path"]) for r in rows[i:i + 16]]))
                           for i in range(0, len(rows), 16)]).double()
        part = {s: torch.tensor([r["split"] == s for r in rows]) for s in ("train", "val", "test")}
        x = (x - x[part["train"]].mean(0)) / x[part["train"]].std(0, unbiased=False).clamp_min(1e-6)
        fits = [(d, head(x[part["train"]], y[part["train"]], len(names), d))
                for d in (1, .3, .1, .03, .01, .003, .001, 3e-4, 1e-4)]
        with torch.no_grad():
            decay, layer = min(fits, key=lambda f: torch.nn.functional.cross_entropy(f[1](x[part["val"]]),
                                                                                     y[part["val"]]).item())
            good = layer(x).argmax(1) == y
        print(folder, "decay", decay, *(f"{s} {int(good[p].sum())}/{int(p.sum())}" for s, p in part.items()), flush=True)
        said = os.path.join(folder, "said.csv")
        if os.path.exists(said):
            compare(said, [r for r in rows if r["split"] == "test"], good[part["test"]].tolist())


if __name__ == "__main__":
    main()
