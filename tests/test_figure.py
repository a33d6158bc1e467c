#!/usr/bin/env python3
"""Drawings of networks: every net of the zoo is drawn as well-formed XML, with exactly the layers that `info --json`
names, shortcuts where the additions are, boxes that neither overlap nor leave the sheet, and the same bytes in every
locale. Networks beside each other are aligned by map size."""
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET

FOVEA = os.path.join(os.environ["FOVEA_BUILD"], "fovea")
SVG = "{http://www.w3.org/2000/svg}"


def fovea(*words, **env):
    return subprocess.run([FOVEA, *words], check=True, capture_output=True, env=dict(os.environ, **env)).stdout


def number(element, name):
    return float(element.get(name))


class Drawing:
    def __init__(self, data):
        self.root = ET.fromstring(data)
        self.width, self.height = number(self.root, "width"), number(self.root, "height")
        self.nets = self.root.findall(f"{SVG}g[@class='net']")

    @staticmethod
    def layers(net):
        return [g for g in net.findall(f"{SVG}g") if g.get("class", "").startswith("layer")]

    @staticmethod
    def names(group):
        """A tip's lines come in pairs: `name: text`, and its numbers."""
        title = group.find(f"{SVG}title")
        return [line.split(": ")[0] for line in title.text.split("\n")[::2]] if title is not None else []

    @staticmethod
    def box(group):
        rect, circle = group.find(f"{SVG}rect"), group.find(f"{SVG}circle")
        if circle is not None:
            x, y, r = (number(circle, name) for name in ("cx", "cy", "r"))
            return x - r, y - r, x + r, y + r
        x, y, w, h = (number(rect, name) for name in ("x", "y", "width", "height"))
        return x, y, x + w, y + h


def check_net(name):
    info, data = json.loads(fovea("info", name, "--json")), fovea("info", name, "--svg", "-")
    drawing = Drawing(data)
    net, = drawing.nets
    layers = Drawing.layers(net)
    by_name = {layer["name"]: layer for layer in info["layers"]}

    named = [Drawing.names(group) for group in layers]
    assert sorted(sum(named, [])) == sorted(by_name), "not the layers of info --json"
    for names in named:
        assert len(names) < 2 or [by_name[n]["type"] for n in names[1:]] == ["bn"], f"{names} share a box"
        assert len(names) < 2 or by_name[names[1]]["inputs"] == [names[0]]
    heads = 1 + sum(layer["type"] == "dense" and layer["out"][2] == info["classes"] and layer.get("training_only", False)
                    for layer in info["layers"])
    ends = heads if info["layers"][-1]["type"] != "rbf" else 0
    assert named.count([]) == 1 + ends, "the picture, and a soft-max a head"

    adds = [layer for layer in info["layers"] if layer["type"] == "add"]
    looks = [group.get("class").split()[-1] for group in layers]
    assert sum(group.find(f"{SVG}circle") is not None for group in layers) == len(adds)
    for look, types in (("conv", {"conv"}), ("pool", {"maxpool", "avgpool", "subsample"}), ("join", {"concat", "add"}),
                        ("dense", {"dense"})):
        assert looks.count(look) == sum(layer["type"] in types for layer in info["layers"]), look

    assert looks.count("norm") == sum(layer["type"] == "lrn" for layer in info["layers"]), "batch norm shares a box"

    # A shortcut ends where its block begins: behind another addition, or at what the block's first layer reads.
    edges = [path for path in net.findall(f"{SVG}path") if "edge" in path.get("class")]
    changed = sum("changed" in path.get("class") for path in edges)
    arcs = sum(bool(re.search("C.*L", path.get("d"))) and path.get("d").count("L") == 2 for path in edges)
    side = sum("downsample" in add["inputs"][1] for add in adds)
    assert changed == 2 * side, "dashed lines to and from the layer on a shortcut"
    if adds:
        assert arcs == len(adds) - side, "an arc for each identity"
    assert len(edges) == sum(len(layer["inputs"]) for layer in info["layers"]) - sum(len(n) > 1 for n in named) + ends

    boxes = [Drawing.box(group) for group in layers]
    for i, a in enumerate(boxes):
        assert a[0] >= 0 and a[1] >= 0 and a[2] <= drawing.width and a[3] <= drawing.height, "outside of the sheet"
        for b in boxes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"overlap: {named[i]}"
    where = {n: boxes[i] for i, names in enumerate(named) for n in names}
    for layer in info["layers"]:
        for source in layer["inputs"]:
            if source != "input" and where[source] != where[layer["name"]]:
                assert where[source][1] < where[layer["name"]][1], "data flow downwards"


def check_alignment():
    """He et al., figure 3: what makes maps of one size begins at one height."""
    names = ["vgg-e", "plain-34", "resnet-34"]
    drawing = Drawing(fovea("info", *names, "--svg", "-"))
    assert len(drawing.nets) == 3
    first = {}
    for name, net in zip(names, drawing.nets):
        layers = {layer["name"]: layer for layer in json.loads(fovea("info", name, "--json"))["layers"]}
        seen = set()
        for group in Drawing.layers(net):
            for n in Drawing.names(group)[:1]:
                size, y = layers[n]["out"][0], Drawing.box(group)[1]
                if size not in seen and "downsample" not in n:
                    seen.add(size)
                    first.setdefault(size, set()).add(y)
    assert sorted(first) == [1, 7, 14, 28, 56, 112, 224]
    assert all(len(ys) == 1 for ys in first.values()), first
    order = [first[size].copy().pop() for size in sorted(first, reverse=True)]
    assert order == sorted(order)
    left = [min(Drawing.box(g)[0] for g in Drawing.layers(net)) for net in drawing.nets]
    right = [max(Drawing.box(g)[2] for g in Drawing.layers(net)) for net in drawing.nets]
    assert all(r < l for r, l in zip(right, left[1:])), "side by side"


def check_locale():
    plain = fovea("info", "resnet-34", "--svg", "-", LC_ALL="C")
    assert plain == fovea("info", "resnet-34", "--svg", "-", LC_ALL="de_DE.UTF-8") and b".5" in plain


def check_crosswise():
    """Layers joined by `from` in no nest: rows by the longest path, each below all that it reads, none on another."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cross.net")
        with open(path, "w", encoding="utf-8") as file:
            file.write("net cross\ninput 8x8x1\na: conv 3x3 2\nb: conv 1x1 2\nfrom a, b c: concat\n"
                       "d: conv 1x1 2\nfrom c e: conv 1x1 2\nfrom d, e f: add\nfrom d, e g: concat\n"
                       "from f, g h: concat\ndense 3\n")
        check_net(path)


def main():
    nets = [net["name"] for net in json.loads(fovea("nets", "--json"))["nets"]]
    tests = [(name, lambda name=name: check_net(name)) for name in nets]
    tests += [("alignment", check_alignment), ("locale", check_locale), ("crosswise", check_crosswise)]
    failed = 0
    for name, test in tests:
        try:
            test()
        except (AssertionError, ET.ParseError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"FAILED {name}: {error!r}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


raise SystemExit(main())
