#!/usr/bin/env python3
"""What `fovea eval` measures and writes, counted again here: a network whose three logits are the means of red, green and blue
looks at pictures of one colour each, some of them in the wrong folder."""
import csv
import gzip
import io
import json
import math
import os
import pathlib
import subprocess
import tempfile
from pillow import Image, Tally, np, save
from PIL import PcfFontFile

FOVEA = pathlib.Path(os.environ["FOVEA_BUILD"]) / "fovea"
tally = Tally()
work = pathlib.Path(tempfile.mkdtemp(prefix="fovea-eval-"))


def fovea(*words):
    return subprocess.run([str(FOVEA), *map(str, words)], capture_output=True, text=True, check=False, cwd=work)


(work / "color.net").write_text("net color\ninput 8x8x3\nclasses 3\navgpool global\nfc: dense classes\n")
save(work / "color.safetensors", {"fc.weight": 4 * np.eye(3), "fc.bias": np.zeros(3)})
random = np.random.RandomState(3)
truth = []  # label, colour, path
for label, colors in enumerate(((0,) * 9 + (2,) * 3, (1,) * 8 + (0,), (2,) * 7 + (1, 1))):
    for split in ("train", "test"):
        folder = work / "photos" / split / str(label)
        folder.mkdir(parents=True)
        for i, color in enumerate(colors):
            pixel = random.randint(0, 120, 3)
            pixel[color] = random.randint(130, 256)
            Image.fromarray(np.full((8, 8, 3), pixel, np.uint8)).save(folder / f"{i}.png")
            if split == "test":
                p = np.exp(4 * pixel / 255)
                truth.append((label, color, f"photos/test/{label}/{i}.png", (p / p.sum()).max()))
n, right = len(truth), sum(label == color for label, color, _, _ in truth)
model = ("color.net", "--weights", "color.safetensors", "photos")
run = fovea("eval", *model, "--json", "--csv", "said.csv", "--confusion", "c.csv", "--wrong", "wrong.csv", "--worst", 4)
d = json.loads(run.stdout) if run.returncode == 0 else {}
tally.check("eval succeeds", run.returncode == 0, run.stderr)
if d:
    tally.check("top-1", d["n"] == n and abs(d["top1"] - right / n) < 1e-12, d)
    # Wilson's interval: the shares whose own normal interval just reaches what was measured.
    for end in d["top1_interval"]:
        z = abs(end - right / n) / math.sqrt(end * (1 - end) / n)
        tally.check("interval", abs(z - 1.959964) < 1e-5, (end, z))
    bins = {}
    for label, color, _, p in truth:
        bins.setdefault(min(int(p * 15), 14), []).append((p, label == color))
    ece = sum(abs(sum(p for p, _ in b) - sum(r for _, r in b)) for b in bins.values()) / n
    tally.check("calibration error", abs(d["ece"] - ece) < 1e-5, (d["ece"], ece))
    matrix = [[sum(t[:2] == (label, said) for t in truth) for said in range(3)] for label in range(3)]
    rows = list(csv.reader((work / "c.csv").open(encoding="utf-8")))
    tally.check("confusion as CSV", rows == [["label", "0", "1", "2"]] + [[str(i), *map(str, r)] for i, r in enumerate(matrix)],
                rows)
    wrong = sorted((t for t in truth if t[0] != t[1]), key=lambda t: -t[3])[:4]
    rows = list(csv.DictReader((work / "wrong.csv").open(encoding="utf-8")))
    tally.check("mistakes, the surest first", [(r["label"], r["predicted"], r["path"]) for r in rows]
                == [(str(t[0]), str(t[1]), t[2]) for t in wrong], rows)
    tally.check("their paths in JSON", [w["path"] for w in d["worst"]] == [t[2] for t in wrong], d["worst"])
    rows = list(csv.DictReader((work / "said.csv").open(encoding="utf-8")))
    tally.check("every prediction", sorted((r["label"], r["predicted"], r["path"]) for r in rows)
                == sorted((str(t[0]), str(t[1]), t[2]) for t in truth), rows[:3])
run = fovea("eval", *model, "--confusion", "c.png", "--wrong", "wrong.png", "--worst", 5)
tally.check("pictures", run.returncode == 0 and "photos/test/0/" in run.stdout, run.stdout + run.stderr)
if run.returncode == 0:
    a = np.asarray(Image.open(work / "c.png").convert("RGB")).astype(int)
    left = 6 + 8  # one digit of 6 pixels, and 4 around it
    tally.check("the matrix's size", a.shape == (left + 97, left + 97, 3), a.shape)
    cells = a[left + 16::32, left + 16::32][:3, :3]
    share = 9 / 12
    tally.check("green on the diagonal", np.abs(cells[0, 0] - (255 - share * (255 - np.array([16, 112, 48])))).max() <= 1,
                cells[0, 0])
    tally.check("red beside it", np.abs(cells[0, 2] - (255 - (1 - share) * (255 - np.array([176, 24, 24])))).max() <= 1,
                cells[0, 2])
    tally.check("white where nothing is", (cells[1, 2] == 255).all(), cells[1, 2])
    sheet = Image.open(work / "wrong.png")
    tally.check("a tile a mistake", sheet.size == (3 * 98 - 2, 2 * 98 - 2), sheet.size)
    first = max((t for t in truth if t[0] != t[1]), key=lambda t: t[3])
    tile, pixel = np.asarray(sheet.convert("RGB"))[48, 48].astype(int), Image.open(work / first[2]).getpixel((0, 0))
    tally.check("the surest stands first", tile.argmax() == np.argmax(pixel), (tile, pixel))
run = fovea("eval", *model, "--wrong", "wrong.html")
page = (work / "wrong.html").read_text(encoding="utf-8") if (work / "wrong.html").exists() else ""
tally.check("a page", run.returncode == 0 and "6 of 6 mistakes" in page and page.count("data:image/jpeg") == 6, run.stderr)

# Names as Pillow draws them, from the file of the font that holds Latin-1; the font has other letters from another file.
FONT = pathlib.Path("/usr/share/fonts/X11/misc/6x13-ISO8859-1.pcf.gz")


def drawn(font, text, ascent=11):
    page = Image.new("L", (6 * len(text), 13), 255)
    for k, letter in enumerate(text.encode("latin-1")):
        _, box, _, glyph = font.glyph[letter]
        page.paste(Image.new("L", glyph.size, 0), (6 * k + box[0], ascent + box[1]), glyph)
    return np.asarray(page)


if FONT.exists():
    names = ["grün", "Rød_1 Ásjg", "y" * 40]
    for name, color in zip(names, [(40, 200, 40), (200, 40, 40), (40, 40, 200)]):
        (work / "named" / name).mkdir(parents=True)
        for i in range(10):
            Image.fromarray(random.randint(0, 40, (8, 8, 3), np.uint8) + np.array(color, np.uint8)).save(
                work / "named" / name / f"{i}.png")
    fovea("train", "color.net", "named", "--epochs", "1", "--batch", 8, "--out", "run", "-q")
    run = fovea("eval", "run", "named", "--confusion", "named.png")
    tally.check("a matrix with names", run.returncode == 0, run.stderr)
    a = np.asarray(Image.open(work / "named.png").convert("L"))
    font = PcfFontFile.PcfFontFile(io.BytesIO(gzip.open(FONT).read()))
    left = 30 * 6 + 8
    tally.check("room for 30 letters", a.shape == (left + 97, left + 97), a.shape)
    for row, name in enumerate(sorted(names)):
        shown = drawn(font, name[:29] if len(name) > 30 else name)
        end = left - 4 - (6 if len(name) > 30 else 0)  # an ellipsis, which Latin-1 lacks
        top = left + 32 * row + 10
        beside, above = a[top:top + 13, end - shown.shape[1]:end], np.rot90(a[:left - 4, top:top + 13], -1)[:, :shown.shape[1]]
        tally.check(f"{name} in front of its row", (beside == shown).all(), beside)
        tally.check(f"{name} above its column", (above == shown).all(), above)
        tally.check("nothing else there", (a[top:top + 13, :end - shown.shape[1]] == 255).all())
else:
    tally.skip("xfonts-base is not installed: the letters are not compared")
run = fovea("eval", *model, "--confusion", "c.svg")
tally.check("another kind of file", run.returncode == 2 and ".csv or .png" in run.stderr, run.stderr)
run = fovea("eval", *model, "--wrong", "wrong.txt")
tally.check("another kind of list", run.returncode == 2 and ".html" in run.stderr, run.stderr)
tally.exit()
