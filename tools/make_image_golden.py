#!/usr/bin/env python3
"""Expected pixels for tests/test_image.c; needs Debian's python3-pil and python3-numpy.

    python3 tools/make_image_golden.py resize tests/golden/resize.txt
    python3 tools/make_image_golden.py png tests/golden/png.txt

resize: lines `height width channels new_height new_width kind hash` with the FNV-1a hash of what Pillow's
Image.resize(BILINEAR) makes of noise that the test makes again (kind 0: bytes, kind 1: black and white).

png: lines `name channels width height file pixels`, both in hex. The files are written here, byte by byte, so that
every bit depth, colour type, tRNS and interlacing is there; the pixels are computed from the samples here, and where
Pillow means the same (it ignores transparency, and clips 16-bit grey) they are compared with Pillow's.
"""
import io
import struct
import sys
import zlib
import numpy as np
from PIL import Image


def noise(n, kind, seed):
    state, out = seed, bytearray(n)
    for i in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24 if kind == 0 else 255 * (state >> 31)
    return np.frombuffer(bytes(out), np.uint8)


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


SIZES = [(1, 1, 5, 3), (28, 28, 32, 32), (28, 28, 20, 20), (37, 64, 11, 64), (37, 64, 37, 19), (50, 40, 91, 77),
         (64, 48, 9, 11), (3, 140, 64, 6), (140, 3, 6, 64), (33, 21, 1, 1), (100, 75, 34, 25), (280, 280, 28, 28),
         (17, 19, 17, 19), (2, 2, 200, 300)]


def make_resize(out):
    for h, w, nh, nw in SIZES:
        for channels in (1, 3):
            for kind in (0, 1):
                a = noise(h * w * channels, kind, h * 1000 + w).reshape(h, w, channels)
                image = Image.fromarray(a[:, :, 0] if channels == 1 else a)
                resized = np.asarray(image.resize((nw, nh), Image.BILINEAR)).tobytes()
                out.write(f"{h} {w} {channels} {nh} {nw} {kind} {fnv(resized):016x}\n")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack(samples, depth):
    """Rows of samples [h, w * samples a pixel] as PNG's bytes, each behind filter byte 0."""
    out = b""
    for row in samples:
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + data
    return out


ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
PER_PIXEL = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def write_png(samples, depth, color, interlaced, palette=None, trns=None):
    h, w, n = samples.shape
    raw = b""
    if interlaced:
        for y, x, dy, dx in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                raw += pack(part.reshape(part.shape[0], -1), depth)
    else:
        raw = pack(samples.reshape(h, -1), depth)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, int(interlaced)))
    if palette is not None:
        png += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if trns is not None:
        png += chunk(b"tRNS", trns)
    return png + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def over_white(values, alpha):
    alpha = alpha.astype(np.int64)[..., None]
    return (values * alpha + 255 * (255 - alpha) + 127) // 255


def expect(samples, depth, color, palette, trns):
    """Samples to 8 bits over white."""
    h, w, n = samples.shape
    largest = (1 << depth) - 1
    if color == 3:
        values = palette[samples[:, :, 0]].astype(np.int64)
        alpha = np.full((h, w), 255)
        if trns is not None:
            table = np.full(256, 255)
            table[:len(trns)] = list(trns)
            alpha = table[samples[:, :, 0]]
        return over_white(values, alpha)
    values = samples.astype(np.int64)
    to8 = values >> 8 if depth == 16 else values * 255 // largest
    if color in (4, 6):
        return over_white(to8[:, :, :-1], to8[:, :, -1])
    alpha = np.full((h, w), 255)
    if trns is not None:
        key = np.array(struct.unpack(f">{n}H", trns))
        alpha = np.where((values == key).all(axis=2), 0, 255)
    return over_white(to8, alpha)


def check_with_pillow(name, png, pixels, depth, color, trns):
    if color in (4, 6) or trns is not None or (depth == 16 and color == 0):
        return
    with Image.open(io.BytesIO(png)) as image:
        theirs = np.asarray(image.convert("L" if color == 0 else "RGB"))
    assert (theirs.reshape(pixels.shape) == pixels).all(), name


def make_png(out):
    rng = np.random.RandomState(1)
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for color, all_depths in depths.items():
        for depth in all_depths:
            for interlaced in (False, True):
                for transparent in (False, True) if color in (0, 2, 3) else (False,):
                    h, w = (9, 11) if interlaced else (5, 7)
                    samples = rng.randint(0, 1 << depth, (h, w, PER_PIXEL[color]))
                    palette = rng.randint(0, 256, (1 << depth, 3)) if color == 3 else None
                    trns = None
                    if transparent and color == 3:
                        trns = bytes(rng.randint(0, 256, max(1, (1 << depth) - 1)).tolist())
                    elif transparent:
                        trns = struct.pack(f">{PER_PIXEL[color]}H", *samples[1, 2])
                    png = write_png(samples, depth, color, interlaced, palette, trns)
                    pixels = expect(samples, depth, color, palette, trns)
                    name = f"color{color}-depth{depth}{'-trns' if transparent else ''}{'-adam7' if interlaced else ''}"
                    check_with_pillow(name, png, pixels, depth, color, trns)
                    out.write(f"{name} {pixels.shape[2]} {w} {h} {png.hex()} {pixels.astype(np.uint8).tobytes().hex()}\n")


if __name__ == "__main__":
    make = {"resize": make_resize, "png": make_png}
    if len(sys.argv) != 3 or sys.argv[1] not in make:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="ascii") as file:
        make[sys.argv[1]](file)
