#!/usr/bin/env python3
"""Expected results for tests/test_augment.c; needs Debian's python3-torchvision, python3-pil and python3-numpy.

    python3 tools/make_augment_golden.py tests/golden/augment.txt

edit NAME amount height width channels kind hash: what torchvision's functions make of noise that the test makes again (kind 0:
bytes, 1: black and white, 2: a narrow range), as an FNV-1a hash. policy NAME edit bin height width amount: the sizes in the
tables of RandAugment and TrivialAugmentWide. sides share ratio height width: the box of RandomResizedCrop.get_params for an
area and a ratio that are given in place of drawn ones; 0 0 where it does not fit. cut top left height width, of, to, channels,
hash: resized_crop."""
import math
import random
import sys
import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import autoaugment as A, functional as F
from make_image_golden import fnv, noise

SIZES = [(1, 1), (2, 5), (32, 32), (37, 64), (61, 45)]
OPS = {"shear-x": "ShearX", "shear-y": "ShearY", "translate-x": "TranslateX", "translate-y": "TranslateY", "rotate": "Rotate",
       "brightness": "Brightness", "saturation": "Color", "contrast": "Contrast", "sharpness": "Sharpness",
       "posterize": "Posterize", "solarize": "Solarize", "autocontrast": "AutoContrast", "equalize": "Equalize"}
FACTORS = ("brightness", "saturation", "contrast", "sharpness")


def picture(h, w, channels, kind):
    a = noise(h * w * channels, kind % 2, h * 1000 + w).reshape(h, w, channels)
    a = a // 5 + 60 if kind == 2 else a
    return Image.fromarray(a[:, :, 0] if channels == 1 else a)


def amounts(name):
    """Those of both policies, and some of none."""
    for policy in (A.RandAugment(), A.TrivialAugmentWide()):
        space = policy._augmentation_space(31, (37, 64)) if isinstance(policy, A.RandAugment) else policy._augmentation_space(31)
        values, signed = space[OPS[name]]
        if values.ndim == 0:
            yield 0.0
            continue
        for i in (0, 1, 9, 17, 20, 30):
            for sign in (1, -1)[:1 + signed]:
                yield (name in FACTORS) + sign * float(values[i])


def edits(out):
    rng = random.Random(1)
    for name, op in OPS.items():
        for amount in sorted(set(amounts(name))):
            for (h, w), channels, kind in ((s, c, k) for s in SIZES for c in (1, 3) for k in range(3)):
                if rng.random() > .2:
                    continue
                got = A._apply_op(picture(h, w, channels, kind), op, amount - (name in FACTORS), F.InterpolationMode.NEAREST, None)
                out.write(f"edit {name} {amount!r} {h} {w} {channels} {kind} {fnv(np.asarray(got).tobytes()):016x}\n")
    for amount in (-.5, -.31, -.1, -.003, 0, .04, .1, .27, .5):
        for (h, w), channels, kind in ((s, c, k) for s in SIZES for c in (1, 3) for k in range(3)):
            got = F.adjust_hue(picture(h, w, channels, kind), amount)
            out.write(f"edit hue {amount!r} {h} {w} {channels} {kind} {fnv(np.asarray(got).tobytes()):016x}\n")
    every = np.arange(1 << 24, dtype=np.uint32)[::251]  # colours all over the cube
    every = np.stack([every >> 16, every >> 8 & 255, every & 255], -1).astype(np.uint8)[None]
    for amount in (-.2, .35):
        got = F.adjust_hue(Image.fromarray(every), amount)
        out.write(f"edit hue {amount!r} 1 {every.shape[1]} 3 3 {fnv(np.asarray(got).tobytes()):016x}\n")


def policies(out):
    for h, w in ((32, 32), (224, 160)):
        for label, space in (("randaugment", A.RandAugment()._augmentation_space(31, (h, w))),
                             ("trivialaugment", A.TrivialAugmentWide()._augmentation_space(31))):
            assert list(space) == ["Identity"] + list(OPS.values())
            for name, op in OPS.items():
                values, signed = space[op]
                for i in range(31):
                    value = float(values[i]) if values.ndim else 0.0
                    out.write(f"policy {label} {name} {i} {h} {w} {(name in FACTORS) + value!r} {int(signed)}\n")


def sides(out):
    """get_params with its two draws given; where they do not fit it takes its ten tries and then the middle."""
    rng = random.Random(2)
    for _ in range(200):
        h, w = rng.randint(1, 300), rng.randint(1, 300)
        share, ratio = rng.uniform(.08, 1), math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        draws = iter([share, math.log(ratio)] * 10)

        def given(self, *_):
            return self.fill_(next(draws))
        kept, torch.Tensor.uniform_ = torch.Tensor.uniform_, given
        torch.set_default_dtype(torch.float64)
        top, left, bh, bw = T.RandomResizedCrop.get_params(Image.new("L", (w, h)), [.08, 1.], [3 / 4, 4 / 3])
        torch.set_default_dtype(torch.float32)
        torch.Tensor.uniform_ = kept
        fits = next(draws, None) is not None  # not all of the tries were taken
        out.write(f"sides {share!r} {ratio!r} {h} {w} {bh} {bw} {int(fits)} {0 if fits else top} {0 if fits else left}\n")


def cuts(out):
    rng = random.Random(3)
    for _ in range(60):
        h, w, channels = rng.randint(1, 90), rng.randint(1, 90), rng.choice((1, 3))
        bh, bw = rng.randint(1, h), rng.randint(1, w)
        top, left = rng.randint(0, h - bh), rng.randint(0, w - bw)
        to = rng.choice(((32, 32), (24, 40), (h, w)))
        got = F.resized_crop(picture(h, w, channels, 0), top, left, bh, bw, list(to), F.InterpolationMode.BILINEAR)
        out.write(f"cut {top} {left} {bh} {bw} {h} {w} {to[0]} {to[1]} {channels} {fnv(np.asarray(got).tobytes()):016x}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "w", encoding="ascii") as file:
        for make in (edits, policies, sides, cuts):
            make(file)
