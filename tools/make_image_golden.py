#!/usr/bin/env python3
"""Expected pixels for tests/test_image.c; needs Debian's python3-pil and python3-numpy.

    python3 tools/make_image_golden.py resize tests/golden/resize.txt
    python3 tools/make_image_golden.py png tests/golden/png.txt
    python3 tools/make_image_golden.py pictures tests/golden/pictures.txt

resize: lines `filter height width channels new_height new_width kind hash` with the FNV-1a hash of what Pillow's
Image.resize makes of noise that the test makes again (kind 0: bytes, kind 1: black and white).

png: lines `name channels width height file pixels`, both in hex. The files are written here, byte by byte, so that
every bit depth, colour type, tRNS and interlacing is there; the pixels are computed from the samples here, and where
Pillow means the same (it ignores transparency, and clips 16-bit grey) they are compared with Pillow's.

pictures: the same lines for JPEG, BMP, WebP, GIF and TIFF. JPEG, WebP and TIFF are written and read by Pillow, but for
bytes that are changed here to get at colour spaces that Pillow does not write; BMP is written here, byte by byte.
Transparency is laid over white here. Names that begin with "exif" carry an orientation; their pixels are what
ImageOps.exif_transpose makes of them.
"""
import io
import itertools
import struct
import sys
import zlib
import numpy as np
from PIL import Image, ImageOps


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
    filters = (Image.BILINEAR, Image.BICUBIC, Image.BOX, Image.LANCZOS)  # in the order of fv_resample
    for how, (h, w, nh, nw), channels, kind in itertools.product(range(4), SIZES, (1, 3), (0, 1)):
        a = noise(h * w * channels, kind, h * 1000 + w).reshape(h, w, channels)
        image = Image.fromarray(a[:, :, 0] if channels == 1 else a)
        resized = np.asarray(image.resize((nw, nh), filters[how])).tobytes()
        out.write(f"{how} {h} {w} {channels} {nh} {nw} {kind} {fnv(resized):016x}\n")


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


def scene(h, w, channels, seed=0):
    """A smooth picture with an edge and some noise."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w]
    planes = [40 + 170 * x / w * (y % 7 < 4), 200 * y / h, 255 * ((x + y) % 11) / 10, 90 + 100 * x / w][:channels]
    a = np.clip(np.stack(planes, -1) + rng.randint(-9, 10, (h, w, channels)), 0, 255).astype(np.uint8)
    return Image.fromarray(a[:, :, 0] if channels == 1 else a, {1: "L", 3: "RGB", 4: "RGBA"}[channels])


def save(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def flat(image):
    """What Fovea makes of a picture: grey or RGB, transparent pixels over white."""
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))[:, :, None]
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        a = np.asarray(image.convert("RGBA"))
        return over_white(a[:, :, :3].astype(np.int64), a[:, :, 3])
    return np.asarray(image.convert("RGB"))


def read(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return flat(image)


def change(data, old, new):
    assert data.count(old) == 1, (data.count(old), old)
    return data.replace(old, new)


def jpegs():
    for name, options in (("444", {"subsampling": 0}), ("422", {"subsampling": 1}), ("420", {"subsampling": 2}),
                          ("progressive", {"subsampling": 2, "progressive": True}), ("quality-5", {"quality": 5})):
        yield f"jpeg-{name}", save(scene(21, 35, 3), "JPEG", optimize=True, **options)
    yield "jpeg-1x1", save(scene(1, 1, 3), "JPEG", optimize=True)
    yield "jpeg-grey", save(scene(21, 35, 1), "JPEG", optimize=True)
    yield "jpeg-grey-progressive", save(scene(9, 11, 1), "JPEG", optimize=True, progressive=True)
    rgb = save(scene(21, 35, 3), "JPEG", optimize=True, subsampling=0)
    jfif = rgb[2:4 + int.from_bytes(rgb[4:6], "big")]
    assert jfif[:2] == b"\xff\xe0"
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
    yield "jpeg-bare", change(rgb, jfif, b"")                      # neither JFIF nor Adobe: YCbCr
    yield "jpeg-adobe-ycc", change(rgb, jfif, adobe + b"\1")
    yield "jpeg-adobe-rgb", change(rgb, jfif, adobe + b"\0")
    cmyk = save(scene(21, 35, 4).convert("RGBA"), "PNG")
    with Image.open(io.BytesIO(cmyk)) as image:
        inks = Image.frombytes("CMYK", image.size, image.tobytes())
    cmyk = save(inks, "JPEG", optimize=True, quality=90)
    yield "jpeg-cmyk", cmyk
    yield "jpeg-ycck", change(cmyk, adobe + b"\0", adobe + b"\2")


def bmp(w, h, bits, pixels, palette=b"", compression=0, masks=b"", header=40, top_down=False):
    """A BMP of stored rows."""
    info = struct.pack("<IiiHHIIiiII", header, w, -h if top_down else h, 1, bits, compression, len(pixels), 2835, 2835,
                       len(palette) // 4 % 256, 0)
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    elif header > 40:
        info, masks = info + masks + bytes(header - 40 - len(masks)), b""
    offset = 14 + len(info) + len(masks) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + info + masks + palette + pixels


def bmp_rows(samples, bits):
    """Rows of samples [h, w], bottom row first, as padded bytes; the first sample of a byte in its upper bits."""
    out = b""
    for row in samples[::-1]:
        data = bytes(0)
        if bits >= 8:
            data = b"".join(int(v).to_bytes(bits // 8, "little") for v in row)
        else:
            text = "".join(format(int(v), f"0{bits}b") for v in row)
            text += "0" * (-len(text) % 8)
            data = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
        out += data + bytes(-len(data) % 4)
    return out


def spread(values, mask):
    shift = (mask & -mask).bit_length() - 1
    return (values & mask) >> shift if mask >> shift == 255 else ((values & mask) >> shift) * 255 // (mask >> shift)


def bmps():
    """name, file, pixels, and whether Pillow reads it the same."""
    rng = np.random.RandomState(2)
    h, w = 5, 13
    for bits in (1, 4, 8):
        colors = rng.randint(0, 256, (1 << bits, 3))
        palette = b"".join(bytes([b, g, r, 0]) for r, g, b in colors.tolist())
        samples = rng.randint(0, 1 << bits, (h, w))
        rows = bmp_rows(samples, bits)
        yield f"bmp-{bits}", bmp(w, h, bits, rows, palette), colors[samples], True
        yield f"bmp-{bits}-top-down", bmp(w, h, bits, bmp_rows(samples[::-1], bits), palette, top_down=True), colors[samples], True
        small = b"".join(bytes([b, g, r]) for r, g, b in colors.tolist())
        yield f"bmp-{bits}-os2", bmp(w, h, bits, rows, small, header=12), colors[samples], True
    grey = np.repeat(np.arange(256)[:, None], 3, 1)
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
    samples = rng.randint(0, 256, (h, w))
    yield "bmp-8-grey", bmp(w, h, 8, bmp_rows(samples, 8), palette), grey[samples][:, :, :1], True
    for name, bits, masks, compression, header in (
            ("16", 16, (0x7C00, 0x3E0, 0x1F), 0, 40), ("16-565", 16, (0xF800, 0x7E0, 0x1F), 3, 40),
            ("24", 24, (0xFF0000, 0xFF00, 0xFF), 0, 40), ("32", 32, (0xFF0000, 0xFF00, 0xFF), 0, 40),
            ("32-masks", 32, (0xFF000000, 0xFF0000, 0xFF00), 3, 40), ("32-10-bits", 32, (0x3FF00000, 0xFFC00, 0x3FF), 3, 40),
            ("32-v4", 32, (0xFF0000, 0xFF00, 0xFF, 0), 3, 108), ("32-v5-alpha", 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 3, 124)):
        samples = rng.randint(0, 1 << bits, (h, w), dtype=np.int64)
        packed = struct.pack(f"<{len(masks)}I", *masks) if compression else b""
        file = bmp(w, h, bits, bmp_rows(samples, bits), b"", compression, packed, header)
        pixels = np.stack([spread(samples, mask) for mask in masks[:3]], -1)
        if len(masks) == 4 and masks[3]:
            pixels = over_white(pixels, spread(samples, masks[3]))
        yield f"bmp-{name}", file, pixels, "10-bits" not in name and "alpha" not in name and name != "32-masks"
    colors = rng.randint(0, 256, (256, 3))
    palette = b"".join(bytes([b, g, r, 0]) for r, g, b in colors.tolist())
    # bottom row: a run of 6, five as they are, padded; then 2 right and 1 up; a run past the edge; the rest is colour 0
    runs = bytes([6, 9, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 3, 7, 0, 2, 2, 1, 200, 8, 0, 0, 0, 1])
    samples = np.zeros((h, w), int)
    samples[4, :11] = [9] * 6 + [1, 2, 3, 4, 5]
    samples[3, :3] = 7
    samples[2, 5:] = 8
    yield "bmp-rle8", bmp(w, h, 8, runs, palette, 1), colors[samples], False
    runs = bytes([6, 0x9A, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 3, 0x77, 0, 2, 2, 1, 200, 0x81, 0, 0, 0, 1])
    samples[4, :11] = [9, 10, 9, 10, 9, 10, 1, 2, 3, 4, 5]
    samples[2, 5:] = [8, 1, 8, 1, 8, 1, 8, 1]
    yield "bmp-rle4", bmp(w, h, 4, runs, palette[:64], 2), colors[samples], False


def webps():
    yield "webp-lossy", save(scene(13, 18, 3), "WEBP", quality=60)
    yield "webp-lossless", save(scene(13, 18, 3), "WEBP", lossless=True)
    yield "webp-lossless-alpha", save(scene(9, 10, 4), "WEBP", lossless=True)
    yield "webp-lossy-alpha", save(scene(9, 10, 4), "WEBP", quality=80)


def gifs():
    picture = scene(20, 17, 3).quantize(16)
    yield "gif-interlaced", save(picture, "GIF")
    picture = scene(12, 17, 3).quantize(16)
    yield "gif-plain", save(picture, "GIF")
    yield "gif-transparent", save(picture, "GIF", transparency=3)
    yield "gif-animated", save(picture, "GIF", save_all=True, append_images=[scene(12, 17, 3, 1).quantize(16)])
    yield "gif-grey", save(scene(7, 5, 1), "GIF")


def placed_gif():
    """A picture of 17x12 at (2, 5) on a canvas of 21x14: what hangs over is dropped, the rest is white."""
    picture = scene(12, 17, 3).quantize(16)
    file = bytearray(save(picture, "GIF"))
    at = file.index(struct.pack("<BHHHH", 44, 0, 0, 17, 12))
    file[6:10] = struct.pack("<HH", 21, 14)
    file[at + 1:at + 5] = struct.pack("<HH", 2, 5)
    canvas = np.full((14, 21, 3), 255)
    canvas[5:14, 2:19] = read(save(picture, "GIF"))[:9]
    return "gif-placed", bytes(file), canvas


def tiffs():
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"tiff-{compression}", save(scene(9, 14, 3), "TIFF", compression=compression)
    yield "tiff-grey", save(scene(9, 14, 1), "TIFF")
    yield "tiff-bits", save(scene(9, 14, 1).convert("1"), "TIFF", compression="group4")
    yield "tiff-palette", save(scene(9, 14, 3).quantize(16), "TIFF")


def exifs():
    """A 2x3 picture in every container and all orientations; JPEG keeps 8x8 blocks apart, so there it is 16x24."""
    small = scene(2, 3, 3, 5)
    large = small.resize((24, 16), Image.NEAREST)
    for order in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = order
        yield f"exif-jpeg-{order}", save(large, "JPEG", exif=exif, optimize=True, subsampling=0)
        yield f"exif-png-{order}", save(small, "PNG", exif=exif)
        yield f"exif-webp-{order}", save(small, "WEBP", lossless=True, exif=exif.tobytes())
        yield f"exif-tiff-{order}", save(small, "TIFF", tiffinfo={0x0112: order})
    little = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0abc\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(4)
    yield "exif-jpeg-little", save(large, "JPEG", exif=little, optimize=True, subsampling=0)


def make_pictures(out):
    def write(name, file, pixels):
        h, w, channels = pixels.shape
        out.write(f"{name} {channels} {w} {h} {file.hex()} {pixels.astype(np.uint8).tobytes().hex()}\n")

    for files in (jpegs, webps, gifs, tiffs):
        for name, file in files():
            write(name, file, read(file))
    write(*placed_gif())
    for name, file, pixels, same in bmps():
        if same:
            assert (read(file) == pixels).all(), name
        write(name, file, pixels)
    for name, file in exifs():
        with Image.open(io.BytesIO(file)) as image:
            image.load()  # turns a TIFF already
            write(name, file, flat(image if "tiff" in name else ImageOps.exif_transpose(image)))


if __name__ == "__main__":
    make = {"resize": make_resize, "png": make_png, "pictures": make_pictures}
    if len(sys.argv) != 3 or sys.argv[1] not in make:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="ascii") as file:
        make[sys.argv[1]](file)
