#!/usr/bin/env python3
"""Plots: what is drawn, read back with the help of the axes' numbers, is what the table says."""
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET

FOVEA = os.path.join(os.environ["FOVEA_BUILD"], "fovea")
SVG = "{http://www.w3.org/2000/svg}"


def plot(table, *words, env=None):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(table)
        return subprocess.run([FOVEA, "plot", path, *words], capture_output=True, check=False,
                              env=dict(os.environ, **(env or {})))


def drawn(table, *words):
    done = plot(table, *words)
    assert done.returncode == 0, done.stderr
    return ET.fromstring(done.stdout)


def ticks(root, vertical):
    """(pixel, number) of an axis: its numbers are right-aligned (vertical) or centred below."""
    found = []
    for text in root.findall(f"{SVG}text[@class='small']"):
        if (text.get("text-anchor") == "end") == vertical:
            found.append(((float(text.get("y")) - 4) if vertical else float(text.get("x")), float(text.text)))
    return sorted(found)


def back(scale, pixel, log):
    (a, va), (b, vb) = scale[0], scale[-1]
    share = (pixel - a) / (b - a)
    return va * (vb / va) ** share if log else va + (vb - va) * share


def points(root, series=0, log_x=False, log_y=False):
    xs, ys = ticks(root, False), ticks(root, True)
    return [(back(xs, float(c.get("cx")), log_x), back(ys, float(c.get("cy")), log_y))
            for c in root.findall(f"{SVG}circle") if c.get("class") == f"series s{series}"]


def close(got, wanted):
    assert len(got) == len(wanted), (got, wanted)
    for (x, y), (a, b) in zip(got, wanted):
        assert abs(x - a) <= 0.01 * (abs(a) + 0.1) and abs(y - b) <= 0.01 * (abs(b) + 0.1), (got, wanted)


def test_lines():
    root = drawn("epoch,loss\n1,2.25\n2,1.5\n3,\n4,0.5\n", "--title", 'a <"b"> & c')
    close(points(root), [(1, 2.25), (2, 1.5), (4, 0.5)])
    assert root.find(f"{SVG}text[@class='title']").text == 'a <"b"> & c'
    lines = root.findall(f"{SVG}path[@class='series s0']")
    assert len(lines) == 2, "an empty field interrupts the line"


def test_logarithmic():
    root = drawn("n,y\n1,0.001\n10,0.02\n1000,50\n2000,0\n", "--log-y", "--log-x")
    close(points(root, log_x=True, log_y=True), [(1, 0.001), (10, 0.02), (1000, 50)])


def test_columns_and_groups():
    table = 'step,net,norm,extra\r\n1,"a, b",3,9\r\n2,"a, b",4,8\r\n1,"c""d",5,7\r\n2,"c""d",6,6\r\n'
    root = drawn(table, "--y", "norm", "--by", "net")
    close(points(root, 0), [(1, 3), (2, 4)])
    close(points(root, 1), [(1, 5), (2, 6)])
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "a, b" in texts and 'c"d' in texts, texts
    root = drawn(table, "--y", "norm,extra", "--where", 'net=c"d')
    close(points(root, 0), [(1, 5), (2, 6)])
    close(points(root, 1), [(1, 7), (2, 6)])


def test_bars():
    root = drawn("year,error\n2010 NEC,28.2\n2015 ResNet,3.57\n", "--as", "bars")
    ys = ticks(root, True)
    bars = [r for r in root.findall(f"{SVG}rect") if r.get("class") == "series s0"]
    tops = [back(ys, float(r.get("y")), False) for r in bars]
    ends = [back(ys, float(r.get("y")) + float(r.get("height")), False) for r in bars]
    close(list(zip(tops, ends)), [(28.2, 0), (3.57, 0)])
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "28.2" in texts and "3.57" in texts and "ResNet" in texts and "2010" in texts


def test_same_bytes():
    table = "a,b\n0.1,1.5\n0.2,2.25\n"
    outputs = {plot(table, env={"LC_ALL": name}).stdout for name in ("C", "C.UTF-8", "de_DE.UTF-8")}
    assert len(outputs) == 1


def test_mistakes():
    for table, words, code, message in (
            ("a,loss\n1,2\n", ["--y", "los"], 2, "--y: .* has no column 'los'; did you mean 'loss'"),
            ("a,b\n1,2\n3\n", [], 1, ":3: 1 fields, but the titles are 2"),
            ('a,b\n"1\n2",2\n3\n', [], 1, ":4: 1 fields"),
            ("", [], 1, "an empty file has no titles"),
            ("a\n1\n", [], 2, "has no second column"),
            ("a,b\n1,x\n", [], 1, "nothing to draw"),
            ("a,b\n1,-2\n", ["--log-y"], 1, "nothing to draw: .*logarithmic"),
            ("a,b\n1,\0\n", [], 1, "a zero byte"),
            ("a,b\n1,2\n", ["--where", "a"], 2, "--where wants COLUMN=VALUE"),
            ("a,b\n1,2\n", ["--svg", "/nowhere/x.svg"], 1, "/nowhere/x.svg")):
        done = plot(table, *words)
        assert done.returncode == code and re.search(message, done.stderr.decode()), (words, done)
        assert not done.stdout


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    for name, test in tests:
        try:
            test()
        except (AssertionError, ET.ParseError) as error:
            failed += 1
            print(f"FAILED {name}: {error!r}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


raise SystemExit(main())
