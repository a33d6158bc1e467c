#!/usr/bin/env python3
"""Rooms depend downwards only: read the #include lines of src/ and fail where a room includes one that stands behind
it in the list. Every quoted include names its room, and every room is in the list. One test a room."""
import os
import pathlib
import re
import sys

ROOMS = ["base", "tensor", "kernels", "graph", "ops", "net", "plan", "run", "model", "image", "data", "train", "fris",
         "cli"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def check(file, room, rooms, exists):
    """What is wrong with the includes of one file, a line each."""
    wrong = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        other, slash, _ = found[1].partition("/")
        if other == "fovea" and slash:
            continue
        where = f"{file}:{number}: \"{found[1]}\""
        if not slash or other not in rooms:
            wrong.append(f"{where} does not begin with a room")
        elif rooms.index(other) > rooms.index(room):
            wrong.append(f"{where}: {room} stands before {other} and may not use it")
        elif not exists(found[1]):
            wrong.append(f"{where}: there is no such file")
    return wrong


def main():
    source = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["FOVEA_SOURCE"]) / "src"
    failed = 0
    folders = sorted(path.name for path in source.iterdir() if path.is_dir())
    for name in folders:
        files = sorted(path for path in (source / name).rglob("*") if path.suffix in (".c", ".h", ".def"))
        wrong = [] if name in ROOMS else [f"{source / name} is not in the list of rooms"]
        for file in files if name in ROOMS else []:
            wrong += check(file, name, ROOMS, lambda include: (source / include).is_file())
        print(*wrong, sep="\n", end="\n" if wrong else "")
        failed += bool(wrong)
    print(f"{len(folders) - failed} passed, {failed} failed")
    return 1 if failed or not folders else 0


sys.exit(main())
