#!/usr/bin/env python3
"""The peer of fv_image_resize: Pillow's resize of the same pixels, alternately, in processor time.

    bench/peers/pillow_resize.py [BUILD]

Both resize a picture of noise with the same filter to the same bytes (that is checked), allocate the result and use one thread.
Printed: the least of 15 rounds of either side, in milliseconds, and Pillow's over Fovea's."""
import ctypes
import pathlib
import sys
import time

import numpy as np
import PIL
from PIL import Image

FILTERS = (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC), ("box", Image.BOX), ("Lanczos", Image.LANCZOS))
SIZES = (((375, 500), (256, 341)), ((100, 100), (256, 256)), ((1500, 2000), (256, 341)), ((3000, 4000), (224, 299)))
ROUNDS = 15


class Picture(ctypes.Structure):
    _fields_ = [("height", ctypes.c_size_t), ("width", ctypes.c_size_t), ("channels", ctypes.c_size_t),
                ("pixels", ctypes.POINTER(ctypes.c_uint8))]


def ours(library, pixels, size, how):
    source = Picture(*pixels.shape, pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
    out = Picture()

    def run():
        if library.fv_image_resize(None, ctypes.byref(source), *map(ctypes.c_size_t, size), how, ctypes.byref(out), None):
            sys.exit("fv_image_resize failed")
        if run.keep:
            run.result = np.ctypeslib.as_array(out.pixels, (*size, 3)).copy()
        library.fv_image_free(None, ctypes.byref(out))
    run.keep = False
    return run


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    library = ctypes.CDLL(str(build / "src/libfovea.so"))
    print(f"Pillow {PIL.__version__}")
    for before, after in SIZES:
        pixels = np.random.default_rng(1).integers(0, 256, (*before, 3), np.uint8)
        picture = Image.fromarray(pixels)
        for how, (name, theirs) in enumerate(FILTERS):
            run = ours(library, pixels, after, how)
            run.keep = True
            run()
            assert (run.result == np.asarray(picture.resize(after[::-1], theirs))).all(), (before, after, name)
            run.keep = False
            times = [(seconds(run), seconds(lambda: picture.resize(after[::-1], theirs))) for _ in range(ROUNDS)]
            a, b = (1e3 * min(t) for t in zip(*times))
            print(f"{before[0]}x{before[1]} -> {after[0]}x{after[1]}  {name:8}  Fovea {a:7.2f} ms  Pillow {b:7.2f} ms  {b / a:.2f}")


if __name__ == "__main__":
    main()
