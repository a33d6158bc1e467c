#!/usr/bin/env python3
"""The library beside the Pillow that is installed: decoding of photos and resizing, to the byte. Photos are those of
../shared/data where they exist; random pictures are always there."""
import ctypes
import io
import os
import pathlib
import sys
from pillow import Image, Tally, np

if os.environ.get("FOVEA_SANITIZE", "none") != "none":
    print("a sanitized library cannot be loaded into Python")
    sys.exit(77)

tally = Tally()
library = ctypes.CDLL(str(pathlib.Path(os.environ["FOVEA_BUILD"]) / "src" / "libfovea.so"))
size_t, pointer = ctypes.c_size_t, ctypes.POINTER


class Picture(ctypes.Structure):
    _fields_ = [("height", size_t), ("width", size_t), ("channels", size_t), ("pixels", ctypes.c_void_p)]

    def array(self):
        shape = (self.height, self.width, self.channels)
        return np.frombuffer(ctypes.string_at(self.pixels, int(np.prod(shape))), np.uint8).reshape(shape)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("message", ctypes.c_char * 512)]


library.fv_image_decode_as.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, size_t, ctypes.c_uint,
                                       pointer(Picture), pointer(Error)]
library.fv_image_resize.argtypes = [ctypes.c_void_p, pointer(Picture), size_t, size_t, ctypes.c_int, pointer(Picture),
                                    pointer(Error)]
library.fv_image_free.argtypes = [ctypes.c_void_p, pointer(Picture)]
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "box": Image.BOX, "lanczos": Image.LANCZOS}


def decode(data):
    out, error = Picture(), Error()
    if library.fv_image_decode_as(None, b"picture", data, len(data), 1, out, error):
        return None, error.message
    a = out.array().copy()
    library.fv_image_free(None, out)
    return a, b""


def resize(a, height, width, how):
    a = np.ascontiguousarray(a)
    out, error = Picture(), Error()
    source = Picture(*a.shape, a.ctypes.data)
    if library.fv_image_resize(None, source, height, width, how, out, error):
        return np.zeros(0)
    result = out.array().copy()
    library.fv_image_free(None, out)
    return result


def pillow_resize(a, height, width, how):
    image = Image.fromarray(a[:, :, 0] if a.shape[2] == 1 else a).resize((width, height), how)
    return np.asarray(image).reshape(height, width, a.shape[2])


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        a = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    return a.reshape(*a.shape[:2], -1)


def test_random_sizes():
    seed = int(os.environ.get("FOVEA_SEED", 7))
    rng = np.random.RandomState(seed)
    for case in range(60):
        h, w, nh, nw = (int(rng.randint(1, 2 + 400 // (1 + case % 7))) for _ in range(4))
        a = rng.randint(0, 256, (h, w, 1 + 2 * (case % 2))).astype(np.uint8)
        if case % 3 == 0:
            a = a // 128 * 255
        for how, (name, filter_) in enumerate(FILTERS.items()):
            tally.check(f"seed {seed}: {name} {a.shape} to {nh}x{nw}",
                        np.array_equal(resize(a, nh, nw, how), pillow_resize(a, nh, nw, filter_)))


def test_random_jpegs():
    rng = np.random.RandomState(8)
    for case in range(40):
        h, w = rng.randint(1, 90, 2)
        a = (rng.randint(0, 256, (h, w, 3)) if case % 2 else np.outer(np.arange(h), np.arange(w * 3)).reshape(h, w, 3) % 256)
        out = io.BytesIO()
        Image.fromarray(a.astype(np.uint8)).save(out, "JPEG", quality=int(rng.randint(1, 101)), subsampling=case % 3,
                                                 progressive=case % 4 == 0)
        got, why = decode(out.getvalue())
        tally.check(f"JPEG {case}", np.array_equal(got, pixels(out.getvalue())), why)


def test_photos():
    """Decoded, then as torchvision prepares them: the shorter side to 256, and SqueezeNet's crop of 227."""
    shared = pathlib.Path(os.environ["FOVEA_SOURCE"]).parent / "shared" / "data"
    photos = sorted(shared.glob("imagenet-pictures/*.JPEG"))
    for folder in ("sign-digits/*/*.jpg", "clothing-small/test/*/*.jpg", "trashnet-112px/*/*.jpg"):
        photos += sorted(shared.glob(f"photos/{folder}"))[::31]
    if os.environ.get("QUICK"):
        photos = photos[::4]
    for path in photos:
        data = path.read_bytes()
        want = pixels(data)
        got, why = decode(data)
        tally.check(f"{path.name} decoded", np.array_equal(got, want), why)
        if got is None:
            continue
        h, w = got.shape[:2]
        size = (256, 256 * w // h) if h < w else (256 * h // w, 256)
        tally.check(f"{path.name} resized", np.array_equal(resize(got, *size, 0), pillow_resize(want, *size, Image.BILINEAR)))


test_random_sizes()
test_random_jpegs()
test_photos()
tally.exit()
