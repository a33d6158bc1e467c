#!/usr/bin/env python3
"""`fovea filter` and `fovea pool` against the same sums in numpy, and against Pillow's ImageFilter.Kernel."""
import itertools
import os
import pathlib
import subprocess
import tempfile
from pillow import Image, ImageFilter, Tally, np

FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
GAUSS = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
MIDDLE = np.zeros((5, 5))
MIDDLE[2, 2] = 512
# The textbooks' matrices, not copied from the code: rows and divisor.
KERNELS = {
    "identity": ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    "blur": (np.ones((3, 3)), 9),
    "blur-5": (np.ones((5, 5)), 25),
    "gaussian": (np.outer([1, 2, 1], [1, 2, 1]), 16),
    "gaussian-5": (GAUSS, 256),
    "motion-blur": (np.eye(3), 3),
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    "sharpen-strong": (10 * np.outer([0, 1, 0], [0, 1, 0]) - 1, 1),
    "unsharp": (MIDDLE - GAUSS, 256),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
    "laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    "edge": (9 * np.outer([0, 1, 0], [0, 1, 0]) - 1, 1),
    "edge-enhance": ([[0, 0, 0], [-1, 1, 0], [0, 0, 0]], 1),
    "sobel-x": (np.outer([1, 2, 1], [-1, 0, 1]), 1),
    "sobel-y": (np.outer([-1, 0, 1], [1, 2, 1]), 1),
    "prewitt-x": (np.outer([1, 1, 1], [-1, 0, 1]), 1),
    "prewitt-y": (np.outer([-1, 0, 1], [1, 1, 1]), 1),
    "scharr-x": (np.outer([3, 10, 3], [-1, 0, 1]), 1),
    "0 -1 0; -1 5 -1; 0 -1 0": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    ".25, .5, .25": ([[.25, .5, .25]], 1),
    "1;-2;1": ([[1], [-2], [1]], 1),
}
MODES = {"edge": "edge", "zero": "constant", "reflect": "reflect"}
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-filter-"))


def fovea(*words):
    return subprocess.run([str(FOVEA), *map(str, words)], capture_output=True, text=True, check=False)


def save(a, name="in.png"):
    Image.fromarray(a[:, :, 0] if a.shape[2] == 1 else a).save(work / name)
    return work / name


def load(path):
    a = np.asarray(Image.open(path))
    return a if a.ndim == 3 else a[:, :, None]


def sums(a, kernel, pad, stride=1):
    """sum over r, s of k[r,s] x[y t + r - R, x t + s - S] for every channel, in double."""
    k = np.asarray(kernel, float)
    rows, columns = k.shape
    x = a.astype(float)
    if pad != "none":
        x = np.pad(x, ((rows // 2,) * 2, (columns // 2,) * 2, (0, 0)), MODES[pad])
    h, w = x.shape[0] - rows + 1, x.shape[1] - columns + 1
    return sum(k[r, s] * x[r:r + h, s:s + w] for r in range(rows) for s in range(columns))[::stride, ::stride]


def pixels(v):
    return np.clip(np.floor(v + .5), 0, 255).astype(np.uint8)


def same(name, words, want, a):
    out = work / "out.png"
    out.unlink(missing_ok=True)
    got = fovea("filter", save(a), "-o", out, *words)
    good = got.returncode == 0 and load(out).shape == want.shape and (load(out) == want).all()
    tally.check(name, good, got.stderr)


def test_kernels():
    rng = np.random.RandomState(1)
    pads = itertools.cycle(["edge", "zero", "reflect", "none"])
    sizes = itertools.cycle([(17, 23, 3), (9, 40, 1), (5, 5, 3), (33, 6, 3)])
    for name, (kernel, divisor) in KERNELS.items():
        for pad, (h, w, c), stride in zip(itertools.islice(pads, 5), sizes, (1, 2, 1, 3, 1)):
            a = rng.randint(0, 256, (h, w, c)).astype(np.uint8)
            same(f"{name} {pad} stride {stride} of {h}x{w}x{c}", ["-k", name, "--pad", pad, "--stride", stride],
                 pixels(sums(a, kernel, pad, stride) / divisor), a)


def test_options():
    a = np.random.RandomState(2).randint(0, 256, (12, 15, 3)).astype(np.uint8)
    same("divisor", ["-k", "blur", "--divisor", "-4.5"], pixels(sums(a, np.ones((3, 3)), "edge") / -4.5), a)
    same("offset", ["-k", "emboss", "--offset", "128"], pixels(sums(a, KERNELS["emboss"][0], "edge") + 128), a)
    both = [sums(a, KERNELS[name][0], "edge") for name in ("sobel-x", "sobel-y")]
    same("sobel", ["-k", "sobel"], pixels(np.hypot(*both)), a)
    both = [sums(a, KERNELS[name][0], "edge") for name in ("prewitt-x", "prewitt-y")]
    same("prewitt", ["-k", "prewitt"], pixels(np.hypot(*both)), a)
    grey = np.asarray(Image.fromarray(a).convert("L"))[:, :, None]
    same("gray", ["-k", "gray"], grey, a)
    same("gray of a stride", ["-k", "gray", "--stride", 2], grey[::2, ::2], a)
    smooth = pixels(sums(grey, KERNELS["gaussian"][0], "reflect") / 16)
    same("chain", ["-k", "gray", "-k", "gaussian", "-k", "edge", "--pad", "reflect", "--divisor", 2],
         pixels(sums(smooth, KERNELS["edge"][0], "reflect") / 2), a)
    half = np.array([[[1], [2], [3], [4]]], np.uint8)  # sums 1.5, 2.5: rounded half up, not to even
    same("half up", ["-k", "0 1 1", "--divisor", 2, "--pad", "edge"], np.array([[[2], [3], [4], [4]]], np.uint8), half)
    for pad in ("edge", "zero", "reflect"):
        one = np.array([[[7]]], np.uint8)
        want = {"edge": 7, "zero": pixels(np.array(7 / 9)), "reflect": 7}[pad]
        same(f"one pixel, {pad}", ["-k", "blur", "--pad", pad], np.array([[[want]]], np.uint8), one)
    tiny = np.array([[[1], [2], [4]]], np.uint8)  # 3 columns reflected by 4 on either side: 1 2 4 2 | 1 2 4 | 2 1 2 4
    wide = "1 0 0 0 0 0 0 0 0"
    same("reflected twice", ["-k", wide, "--pad", "reflect"], np.array([[[1], [2], [4]]], np.uint8), tiny)


def test_pillow():
    """Pillow keeps the border as it is and rounds half up too; inside, its kernels give the same pixels."""
    a = np.random.RandomState(3).randint(0, 256, (31, 29, 3)).astype(np.uint8)
    for name in ("blur", "gaussian", "gaussian-5", "sharpen", "unsharp", "edge", "laplacian"):
        kernel, divisor = KERNELS[name]
        k = np.asarray(kernel, float)
        r = k.shape[0] // 2
        theirs = np.asarray(Image.fromarray(a).filter(ImageFilter.Kernel(k.shape, k.ravel().tolist(), divisor)))
        out = work / "out.png"
        fovea("filter", save(a), "-k", name, "-o", out)
        tally.check(f"Pillow's {name}", (load(out)[r:-r, r:-r] == theirs[r:-r, r:-r]).all())


def test_layer():
    a = np.random.RandomState(4).randint(0, 256, (14, 11, 3)).astype(np.uint8)
    names = ("edge", "gaussian-5", "sobel-x", "1 2 3")
    maps = []
    for name in names:
        kernel, divisor = KERNELS.get(name, ([[1, 2, 3]], 1))
        maps.append(sums(a, kernel, "zero").sum(2) / divisor)
    out = work / "maps.npy"
    words = [word for name in names for word in ("-k", name)]
    got = fovea("filter", save(a), "--layer", *words, "--pad", "zero", "-o", out)
    tally.check("layer", out.exists() and np.abs(np.load(out) - np.stack(maps, 2)).max() < 1e-3, got.stderr)
    tally.check("layer's shapes", "picture  14x11x3" in got.stdout and "maps     14x11x4" in got.stdout, got.stdout)
    fovea("filter", save(a), "--layer", "-k", "edge", "-k", "blur", "-o", work / "sheet.png")
    sheet = load(work / "sheet.png")
    edge = sums(a, KERNELS["edge"][0], "edge").sum(2)
    first = np.floor((edge - edge.min()) / (edge.max() - edge.min()) * 255 + .5)
    tally.check("sheet", sheet.shape == (14, 24, 1) and (sheet[:, 11:13] == 255).all() and
                np.abs(sheet[:, :11, 0] - first).max() <= 1)


def test_explain():
    a = np.arange(75).reshape(5, 5, 3).astype(np.uint8)
    got = fovea("filter", save(a), "-k", "1 2 3; 4 5 6; 7 8 9", "--divisor", 45, "--explain", "1,2").stdout
    want = int(pixels(sums(a, [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "edge") / 45)[2, 1, 0])
    tally.check("explain's window", "15    18    21" in got and "30    33    36" in got and "45    48    51" in got, got)
    tally.check("explain's products", "15      36      63" in got, got)
    tally.check("explain's pixel", f"as a pixel {want}\n" in got and got.count("sum ") == 3, got)
    got = fovea("filter", save(a), "-k", "gray", "-k", "sobel", "--explain", "0,0", "--pad", "zero").stdout
    tally.check("explain's magnitude", "sqrt(" in got and got.count("products") == 2, got)


def test_detect():
    rng = np.random.RandomState(5)
    a = rng.randint(0, 256, (60, 80, 3)).astype(np.uint8)
    patch = save(a[20:31, 33:47], "patch.png")
    got = fovea("filter", save(a), "--detect", patch, "-o", work / "out.png")
    tally.check("detect", "at 33,20 " in got.stdout and "1.0000" in got.stdout, got.stdout + got.stderr)
    answers = load(work / "out.png")[:, :, 0]
    best = np.argwhere(answers == answers.max()).tolist()  # the middle of the window at 33,20
    tally.check("detect's picture", answers.shape == (60, 80) and best == [[25, 39]] and answers.max() == 255, best)
    darker = save((a // 2).astype(np.uint8), "dark.png")  # half the contrast: the place is the same
    got = fovea("filter", darker, "--detect", patch).stdout
    tally.check("detect in other light", "at 33,20 " in got, got)
    shade = np.arange(400)[None, :, None] // 4 + np.arange(300)[:, None, None] // 3 + np.zeros(3, int)  # sums round most
    whole = save((shade % 256 // 2 + 20).astype(np.uint8), "whole.png")
    got = fovea("filter", whole, "--detect", whole).stdout
    tally.check("a picture in itself", "at 0,0 " in got and .999 <= float(got.split()[-3]) <= 1, got)
    flat = save(np.full((5, 5, 3), 9, np.uint8), "flat.png")
    tally.check("flat patch", fovea("filter", save(a), "--detect", flat).returncode == 1)
    tally.check("large patch", fovea("filter", patch, "--detect", save(a)).returncode == 1)


def test_pool():
    a = np.random.RandomState(6).randint(0, 256, (13, 17, 3)).astype(np.uint8)
    for how, size, stride in itertools.product(("max", "avg"), (2, 3), (None, 1, 2)):
        step = stride or size
        h, w = (13 - size) // step + 1, (17 - size) // step + 1
        want, grad = np.zeros((h, w, 3)), np.zeros(a.shape)
        for y, x, c in np.ndindex(want.shape):
            window = a[y * step:y * step + size, x * step:x * step + size, c]
            want[y, x, c] = window.max() if how == "max" else window.mean()
            share = grad[y * step:y * step + size, x * step:x * step + size, c]
            if how == "max":
                share[np.unravel_index(window.argmax(), window.shape)] += 1
            else:
                share += 1 / size**2
        words = ["--size", size] + (["--stride", stride] if stride else [])
        got = fovea("pool", save(a), f"--{how}", *words, "-o", work / "out.png", "--grad", work / "grad.png")
        name = f"{how} {size} stride {stride}"
        tally.check(name, got.returncode == 0 and (load(work / "out.png") == pixels(want)).all(), got.stderr)
        theirs = np.clip(np.floor(grad / grad.max() * 255 + .5), 0, 255)
        tally.check(f"{name}: gradients", np.abs(load(work / "grad.png") - theirs).max() <= 1)


def test_mistakes():
    a = save(np.zeros((4, 4, 3), np.uint8))
    for name, words, code, text in (
            ("ragged", ["-k", "1 2; 3"], 2, "row 2 has 1 numbers, row 1 has 2"),
            ("even", ["-k", "1 2; 3 4"], 2, "is 2x2: an even side has no middle"),
            ("even rows", ["-k", "1 2 3; 4 5 6"], 2, "is 2x3"),
            ("word", ["-k", "1 a 3"], 2, "column 2 is 'a'"),
            ("large number", ["-k", "1 2e6 3"], 2, "wanted a number"),
            ("empty", ["-k", ""], 2, "unknown kernel ''"),
            ("empty row", ["-k", "1;;1"], 2, "row 2 has 0 numbers"),
            ("unknown", ["-k", "gausian"], 2, "did you mean 'gaussian'?"),
            ("divisor", ["-k", "blur", "--divisor", 0], 2, "--divisor wants a number other than 0"),
            ("divisor's word", ["-k", "blur", "--divisor", "x"], 2, "--divisor wants"),
            ("too large", ["-k", "blur-5", "--pad", "none"], 1, "does not fit"),
            ("no kernel", [], 2, "no kernel was given"),
            ("where", ["-k", "blur", "--explain", "9,0"], 2, "4 columns and 4 rows"),
            ("what", ["-k", "blur", "--explain", "9"], 2, "wants a column and a row"),
            ("layer of gray", ["-k", "gray", "--layer"], 1, "gray is no kernel over all channels")):
        got = fovea("filter", a, "-o", work / "no.png", *words)
        tally.check(f"mistake: {name}", got.returncode == code and text in got.stderr, got.stderr)
    tally.check("nothing is written", not (work / "no.png").exists())
    got = fovea("filter", a, "-k", "blur", "-o", work / "no.jpg")
    tally.check("mistake: jpg", got.returncode == 2 and ".png, .ppm and .pgm" in got.stderr, got.stderr)
    got = fovea("filter", work / "absent.png", "-k", "blur", "-o", work / "no.png")
    tally.check("mistake: absent", got.returncode == 1 and "absent.png" in got.stderr, got.stderr)
    for words, text in ((["--max", "--avg"], "one of --max"), ([], "one of --max")):
        got = fovea("pool", a, "-o", work / "no.png", *words)
        tally.check("mistake: pool", got.returncode == 2 and text in got.stderr, got.stderr)
    got = fovea("pool", a, "--max", "--size", 5, "-o", work / "no.png")
    tally.check("mistake: pool's size", got.returncode == 1 and "nothing left to pool" in got.stderr, got.stderr)


for test in (test_kernels, test_options, test_pillow, test_layer, test_explain, test_detect, test_pool, test_mistakes):
    test()
subprocess.run(["rm", "-rf", str(work)], check=True)
tally.exit()
