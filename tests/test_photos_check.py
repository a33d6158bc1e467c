#!/usr/bin/env python3
"""`fovea check` on folders that Pillow made: every kind of finding, in text, CSV, JSON and as a page that stands alone."""
import base64
import csv
import html.parser
import io
import json
import os
import pathlib
import subprocess
import tempfile

from pillow import Image, Tally, np

from PIL import ImageOps

FOVEA = os.environ["FOVEA_BUILD"] + "/fovea"
tally = Tally()


def fovea(*words):
    return subprocess.run([FOVEA, "check", *map(str, words)], capture_output=True, text=True, check=False)


def photo(seed, height=60, width=80):
    """Coarse coloured noise, smooth: no two look alike, and JPEG changes little of it."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.BICUBIC)


def save(path, picture, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **how)
    return path


def rotated(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def clean(root, splits):
    for i, (split, name) in enumerate((s, c) for s in splits for c in "abc"):
        for k in range(4):
            save(root / split / name / f"{k}.jpg", photo(100 * i + k))


def spoil(root):
    """Returns what is to be found: (kind, path, other or ''), below root."""
    train, val = root / "train", root / "val"
    whole = (train / "a/0.jpg").read_bytes()
    grey = photo(900).convert("L").convert("RGB")
    found = []

    def add(kind, path, other=""):
        found.append((kind, str(path.relative_to(root)), str(other and other.relative_to(root))))

    def write(path, data):
        path.write_bytes(data)
        return path

    add("unreadable", write(train / "a/nothing.png", b""))
    add("unreadable", write(train / "a/text.jpg", b"no picture\n"))
    add("unreadable", save(train / "a/huge.png", Image.new("1", (20000, 20000)), compress_level=1))
    (train / "a/folder.jpg").mkdir()  # a folder is no picture, whatever it is called
    os.symlink("..", train / "a/round")
    add("unreadable", train / "a/round")
    for end, how in (("jpg", {}), ("png", {}), ("webp", {}), ("bmp", {}), ("ppm", {}), ("gif", {}), ("tif", {})):
        buffer = io.BytesIO()
        photo(950).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(end, end.upper()), **how)
        add("truncated", write(train / f"b/cut.{end}", buffer.getvalue()[:-600]))
    buffer = io.BytesIO()
    photo(970, 240, 320).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    scan = jpeg.index(b"\xff\xda") + 14
    for name, data in (("lost", jpeg[:len(jpeg) // 2] + jpeg[len(jpeg) // 2 + 500:]),  # behind it all is out of place
                       ("ends early", jpeg[:len(jpeg) // 2] + jpeg[-2:]),
                       ("stray", jpeg[:scan - 14] + b"stray" + jpeg[scan - 14:])):
        add("damaged", write(train / f"c/{name}.jpg", data))
    (train / "empty").mkdir()
    add("empty_class", train / "empty")
    save(val / "new/0.jpg", photo(960))
    add("unknown_class", val / "new/0.jpg")
    add("conflict", write(train / "b/zz.jpg", whole), train / "a/0.jpg")
    add("leak", write(val / "a/zz.jpg", whole), train / "a/0.jpg")
    add("conflict", val / "a/zz.jpg", train / "b/zz.jpg")
    add("exact_duplicates", write(train / "c/zz.jpg", (train / "c/1.jpg").read_bytes()), train / "c/1.jpg")
    again = Image.open(train / "c/2.jpg")
    add("near_duplicates", save(train / "c/again.jpg", again.resize((64, 48)), quality=60), train / "c/2.jpg")
    tint = np.asarray(Image.open(train / "b/2.jpg"), int) + (20, 0, -20)  # the look of another, in other colours
    save(train / "a/tinted.png", Image.fromarray(tint.clip(0, 255).astype(np.uint8)))
    add("near_duplicates", save(train / "b/pale.png", Image.open(train / "b/3.jpg").convert("L")), train / "b/3.jpg")
    add("near_conflict", save(train / "b/other.jpg", Image.open(train / "a/3.jpg"), quality=70), train / "a/3.jpg")
    add("near_leak", save(val / "b/seen.jpg", Image.open(train / "b/1.jpg"), quality=70), train / "b/1.jpg")
    add("extension_mismatch", save(train / "a/wrong.png", photo(901), format="JPEG"))
    for orientation in (1, 3, 6):
        path = save(train / f"a/turned{orientation}.jpg", photo(910 + orientation), exif=rotated(orientation))
        if orientation > 1:
            add("exif_rotated", path)
    add("odd_size", save(train / "c/one.png", photo(920, 1, 1)))
    add("odd_size", save(train / "c/flat.png", photo(921, 15, 80)))
    save(train / "c/enough.png", photo(922, 16, 16))
    add("low_information", train / "c/one.png")
    add("low_information", save(train / "b/blank.jpg", Image.new("RGB", (70, 70), (30, 200, 90))))
    add("low_information", save(val / "c/blank.jpg", Image.new("RGB", (70, 70), (31, 201, 91))))  # blank ones are no twins
    add("grayscale", save(train / "b/grey.jpg", grey))
    save(train / "b/really grey.png", photo(902).convert("L"))
    return found


class Page(html.parser.HTMLParser):
    """Tags that were opened and not closed, pictures and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.pictures, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("script", "link", "iframe"):
            self.wrong.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag == "img":
            self.pictures.append(dict(attrs))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("/" + tag)

    def handle_data(self, data):
        self.text += data


def check_page(root, page, found):
    text = page.read_text(encoding="utf-8")
    parsed = Page(text)
    tally.check("page: well formed", not parsed.wrong and not parsed.open, (parsed.wrong, parsed.open))
    sizes = set()
    for picture in parsed.pictures:
        head, data = picture["src"].split(",", 1)
        image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        sizes.add(image.size)
        theirs = ImageOps.exif_transpose(Image.open(picture["alt"]))
        if theirs.size == image.size and theirs.mode == "RGB" and theirs.height > 40:
            far = np.abs(np.asarray(theirs, int) - np.asarray(image, int)).mean()
            tally.check("page: the picture itself", far < 12, (picture["alt"], far))
        if head != "data:image/jpeg;base64":
            tally.check("page: address", False, head)
    tally.check("page: pictures", len(parsed.pictures) > 15 and max(h for _, h in sizes) <= 96, sizes)
    missing = [path for _, path, _ in found if str(root / path) not in parsed.text]
    tally.check("page: names", not missing, missing)


def check_findings(folder):
    root = folder / "photos <b>&ü"
    clean(root, ("train", "val"))
    got = fovea(root)
    tally.check("clean: exit code", got.returncode == 0, (got.returncode, got.stdout, got.stderr))
    tally.check("clean: text", "nothing to say against them" in got.stdout and "24 pictures of 3 classes" in got.stdout,
                got.stdout)
    wanted = spoil(root)
    page = folder / "page.html"
    got = fovea(root, "--csv", "--html", page)
    rows = list(csv.DictReader(io.StringIO(got.stdout)))
    found = [(r["kind"], os.path.relpath(r["path"], root), r["other"] and os.path.relpath(r["other"], root))
             for r in rows]
    errors = {"unreadable", "truncated", "empty_class", "unknown_class", "conflict", "leak"}
    tally.check("findings", sorted(found) == sorted(wanted),
                f"\n  missing {sorted(set(wanted) - set(found))}\n  more {sorted(set(found) - set(wanted))}")
    tally.check("exit code", got.returncode == 3, got)
    said = {os.path.basename(r["path"]): r["detail"] for r in rows if r["kind"] == "damaged"}
    tally.check("damage: libjpeg's words", "extraneous bytes" in said.get("stray.jpg", "") and
                "premature end" in said.get("ends early.jpg", "") and said.get("lost.jpg"), said)
    tally.check("errors", all((r["kind"] in errors) == (r["error"] == "1") for r in rows), rows)
    check_page(root, page, wanted)

    said = json.loads(fovea(root, "--json", "--threads", 1).stdout)
    tally.check("JSON: findings", [(f["kind"], f["picture"]["path"]) for f in said["findings"]] ==
                [(r["kind"], r["path"]) for r in rows], said)
    tally.check("JSON: counts", {k: n for k, n in said["counts"].items() if n} ==
                {k: sum(r["kind"] == k for r in rows) for k in {r["kind"] for r in rows}}, said["counts"])
    counts = {(c["name"], s): c[s] for c in said["classes"] for s in ("train", "val")}
    tally.check("JSON: classes", counts == {("a", "train"): 9, ("b", "train"): 10, ("c", "train"): 12, ("a", "val"): 5,
                                            ("b", "val"): 5, ("c", "val"): 5}, counts)
    text = fovea(root).stdout
    tally.check("text: all kinds", all(f"{kind}, {n}:" in text for kind, n in said["counts"].items() if n), text)
    tally.check("text: last line", text.endswith(f"\n{len(rows)} findings, {said['errors']} of them errors\n"), text)


def check_exit_codes(folder):
    root = folder / "codes"
    for i, name in enumerate("ab"):
        for k in range(3 + 6 * i):
            save(root / name / f"{k}.png", photo(300 + 10 * i + k))
    got = fovea(root, "--strict")
    tally.check("strict: clean", got.returncode == 0, got)
    tally.check("imbalance", "3.0 times as many" in got.stdout, got.stdout)
    save(root / "a/tiny.png", photo(400, 8, 8))
    tally.check("remark: exit code", fovea(root).returncode == 0)
    tally.check("remark, strict: exit code", fovea(root, "--strict").returncode == 1)
    tally.check("tiny: smaller", fovea(root, "--strict", "--tiny", 8).returncode == 0)
    (root / "list.csv").write_text("path,class,split\na/0.png,x,train\na/1.png,y,train\na/2.png,x,test\n")
    got = fovea(root / "list.csv", "--csv")
    tally.check("list: a class that test lacks", got.returncode == 0 and "missing_class,0,y" in got.stdout, got)
    one = folder / "one"
    save(one / "only/0.png", photo(410))
    got = fovea(one, "--csv")
    tally.check("one class", got.returncode == 3 and "one_class,1," in got.stdout, got)
    (one / "only/0.png").write_bytes(b"")
    tally.check("no picture can be used", fovea(one).returncode == 1)
    got = fovea(folder / "nowhere")
    tally.check("no folder", got.returncode == 1 and "cannot be opened" in got.stderr, got)
    (folder / "void").mkdir()
    got = fovea(folder / "void")
    tally.check("no pictures", got.returncode == 1 and "wanted a folder a class" in got.stderr, got)
    tally.check("CSV and JSON", fovea(root, "--csv", "--json").returncode == 2)
    got = fovea(root, "--html", folder / "nowhere/page.html")
    tally.check("page: no folder", got.returncode == 1 and "page.html" in got.stderr, got)


with tempfile.TemporaryDirectory() as name:
    check_findings(pathlib.Path(name))
    check_exit_codes(pathlib.Path(name))
tally.exit()
