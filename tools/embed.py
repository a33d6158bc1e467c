#!/usr/bin/env python3
"""Turn the networks named in nets/zoo.list into C: the table fv_zoo of net/net.h.

    tools/embed.py nets/zoo.list OUT.c DEPFILE

The list gives the order, one name a line, '#' begins a comment; NAME is read from NAME.net beside the list. A name
without a file, a file without a name and a name given twice are errors, so the list cannot be forgotten."""
import pathlib
import sys


def fail(message):
    sys.exit(f"tools/embed.py: {message}")


def literal(text):
    """A C string, a source line each."""
    lines = text.splitlines(keepends=True) or [""]
    table = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}
    out = []
    for line in lines:
        for ch in line:
            if ord(ch) < 32 and ch not in table:
                fail(f"control character {ord(ch)} in {line!r}")
        # Bytes outside ASCII as three octal digits, which cannot swallow what follows.
        out.append('    "' + "".join(table.get(ch) or (ch if ord(ch) < 127 else "".join(
            f"\\{byte:03o}" for byte in ch.encode())) for ch in line) + '"')
    return "\n".join(out)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    listing, out, depfile = (pathlib.Path(arg) for arg in sys.argv[1:])
    names = [line.split("#")[0].strip() for line in listing.read_text(encoding="utf-8").splitlines()]
    names = [name for name in names if name]
    for name in names:
        if names.count(name) > 1:
            fail(f"{listing} names {name} twice")
        if not (listing.parent / f"{name}.net").is_file():
            fail(f"{listing} names {name}, but there is no {name}.net")
    for path in sorted(listing.parent.glob("*.net")):
        if path.stem not in names:
            fail(f"{path} is not named in {listing}")

    parts = ["/* Made by tools/embed.py from nets/: do not edit. */", '#include "net/net.h"', "",
             "/* C17 promises 4095 characters a string; gcc and clang take any length. */",
             '#pragma GCC diagnostic ignored "-Woverlength-strings"', "", "const fv_zoo_entry fv_zoo[] = {"]
    paths = [listing.parent / f"{name}.net" for name in names]
    for name, path in zip(names, paths):
        parts.append(f'    {{"{name}",\n{literal(path.read_text(encoding="utf-8"))}}},')
    parts += ["    {0},", "};", f"const size_t fv_zoo_length = {len(names)};", ""]
    out.write_text("\n".join(parts), encoding="utf-8")
    depfile.write_text(f"{out}: {' '.join(str(p).replace(' ', chr(92) + ' ') for p in [listing.parent, *paths])}\n",
                       encoding="utf-8")


main()
