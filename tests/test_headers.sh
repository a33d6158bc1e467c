#!/bin/sh
# Each public header compiles alone, without a warning, as C99, C17 and C++11, with every compiler that is here.
set -eu
cd "$FOVEA_SOURCE/include"
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

try() { # NAME COMMAND...: the command must succeed and print nothing
    name=$1
    shift
    if "$@" >"$work/log" 2>&1 && [ ! -s "$work/log" ]; then
        passed=$((passed + 1))
    else
        echo "$name: $*"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}

strict="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -fsyntax-only -I ."
for header in fovea/*.h; do
    # Twice: the guard works.
    printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "$header" "$header" >"$work/alone.c"
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for standard in c99 c17; do
            # shellcheck disable=SC2086
            try "$header $compiler $standard" $compiler -std=$standard -Wstrict-prototypes $strict "$work/alone.c"
        done
    done
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null || continue
        # shellcheck disable=SC2086
        try "$header $compiler c++11" $compiler -std=c++11 $strict -x c++ "$work/alone.c"
    done
    # No headers but these three, so that nothing of the platform leaks into the interface.
    try "$header includes" sh -c "! grep '^ *# *include *<' '$header' | grep -v -E '<std(bool|def|int)\.h>'"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
