#!/usr/bin/env python3
"""Make the pictures of examples/digits: ten handwritten digits as if photographed, one a class.

    tools/digit_pictures.py data/mnist OUT

The handwriting is the first digit of each class in MNIST's test set, which no training sees. It is enlarged, turned a little, drawn
in blue or black ink on paper that is not evenly lit and has grain, and written as NAME.png, grey or RGB, of different
sizes; 3.png and 8.png are chalk on a blackboard. Same input, same files."""
import gzip
import math
import pathlib
import random
import struct
import sys
import zlib


def read_digits(folder):
    """The first picture of each class, 28x28 in 0..1 (1 = ink)."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as f:
        pixels = f.read()[16:]
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as f:
        labels = f.read()[8:]
    for digit in range(10):
        at = labels.index(digit) * 784
        yield digit, [[pixels[at + 28 * y + x] / 255 for x in range(28)] for y in range(28)]


def ink_at(image, y, x):
    """Bilinear, nothing outside; steep around one half, so that enlarged strokes have edges."""
    y0, x0 = math.floor(y), math.floor(x)
    total = 0.0
    for dy in (0, 1):
        for dx in (0, 1):
            if 0 <= y0 + dy < 28 and 0 <= x0 + dx < 28:
                weight = (1 - abs(y - y0 - dy)) * (1 - abs(x - x0 - dx))
                total += weight * image[y0 + dy][x0 + dx]
    return 1 / (1 + math.exp(-12 * (total - 0.45)))


def photograph(digit, image, rng):
    """Rows of RGB pixels."""
    height, width = rng.randrange(90, 150), rng.randrange(90, 170)
    chalk = digit in (3, 8)
    paper = (38, 52, 46) if chalk else (214 + rng.randrange(24), 210 + rng.randrange(20), 196 + rng.randrange(24))
    ink = (226, 226, 218) if chalk else (28, 34, 120) if digit % 2 else (38, 36, 40)
    scale = 28 / (0.8 * min(height, width))
    angle, shift_y, shift_x = rng.uniform(-0.15, 0.15), rng.uniform(-8, 8), rng.uniform(-12, 12)
    light_y, light_x = rng.uniform(-0.25, 0.25), rng.uniform(-0.25, 0.25)
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            v, u = y - height / 2 - shift_y, x - width / 2 - shift_x
            a = ink_at(image, 13.5 + scale * (v * math.cos(angle) - u * math.sin(angle)),
                       13.5 + scale * (u * math.cos(angle) + v * math.sin(angle)))
            light = 1 + light_y * (y / height - 0.5) + light_x * (x / width - 0.5)
            grain = rng.gauss(0, 3)
            row.append([max(0, min(255, round(light * ((1 - a) * p + a * i) + grain))) for p, i in zip(paper, ink)])
        rows.append(row)
    return rows


def write_png(path, rows, grey):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = [bytes([0]) + bytes(sum(p) // 3 for p in row) if grey else bytes([0]) + bytes(v for p in row for v in p)
             for row in rows]
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0 if grey else 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(lines), 9)) +
                     chunk(b"IEND", b""))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1998)
    for digit, image in read_digits(folder):
        write_png(out / f"{digit}.png", photograph(digit, image, rng), grey=digit in (0, 4))


main()
