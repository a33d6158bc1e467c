#!/usr/bin/env python3
"""doc/networks.md: every command on the page prints what stands below it (`...` leaves lines out), every picture that it
shows is one that tools/pictures draws, to the byte, and none of them is missing on the page."""
import os
import pathlib
import re
import subprocess
import tempfile

SOURCE, BUILD = (pathlib.Path(os.environ[name]) for name in ("FOVEA_SOURCE", "FOVEA_BUILD"))
PAGE = SOURCE / "doc" / "networks.md"


def commands(text):
    """(command, lines below it) of the page's blocks."""
    for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.splitlines()


def same(wanted, got):
    """Pieces between lines `...` follow each other in the output; without such a line it is the whole of it."""
    at = 0
    for n, piece in enumerate("\n".join(wanted).split("\n...")):
        piece = piece.strip("\n")
        found = got.find(piece, at)
        if found < 0 or (n == 0 and found > 0):
            return False
        at = found + len(piece)
    return "..." in wanted or at == len(got)


def check_commands(text):
    env = dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}", LC_ALL="C.UTF-8", NO_COLOR="1")
    wrong, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for command, wanted in commands(text):
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)
            got = "\n".join(line.rstrip() for line in done.stdout.splitlines())
            count += 1
            if done.returncode or not same(wanted, got):
                wrong.append(f"$ {command}\n{got}\n{done.stderr}")
    return wrong if count > 5 else ["the page has hardly any command"]


def check_pictures(text):
    shown = set(re.findall(r"!\[[^]]*\]\(pictures/([^)]*)\)", text))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([SOURCE / "tools" / "pictures", BUILD, folder], check=True)
        drawn = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
    wrong = [f"pictures/{name} is shown but not drawn" for name in shown - drawn.keys()]
    wrong += [f"pictures/{name} is drawn but not shown" for name in drawn.keys() - shown]
    for name, data in drawn.items():
        kept = SOURCE / "doc" / "pictures" / name
        if not kept.is_file() or kept.read_bytes() != data:
            wrong.append(f"doc/pictures/{name} is not what tools/pictures draws now: run it")
    return wrong


def check_links(text):
    links = re.findall(r"\]\(([^)#]+)\)", text)
    return [f"{link}: there is no such file" for link in links if not (PAGE.parent / link).is_file()]


def main():
    text, failed = PAGE.read_text(encoding="utf-8"), 0
    tests = (check_commands, check_pictures, check_links)
    for test in tests:
        wrong = test(text)
        print(*wrong, sep="\n", end="\n" if wrong else "")
        failed += bool(wrong)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


raise SystemExit(main())
