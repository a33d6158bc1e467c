#!/bin/sh
# The examples, as a stranger would build them: with the public headers and the shared library alone. They are short, train
# a network, classify a picture with it, and work from C++.
set -eu
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
examples=$FOVEA_SOURCE/examples
export LD_LIBRARY_PATH="$FOVEA_BUILD/src"
strict="-O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I $FOVEA_SOURCE/include"
[ "${FOVEA_SANITIZE:-none}" = none ] || strict="$strict -fsanitize=$FOVEA_SANITIZE"

try() { # NAME PATTERN COMMAND...: succeeds and prints what matches
    name=$1 pattern=$2
    shift 2
    if "$@" >log 2>&1 && { [ -z "$pattern" ] || grep -qE "$pattern" log; }; then
        passed=$((passed + 1))
    else
        echo "$name: $* failed, or nothing matches '$pattern':"
        cat log
        failed=$((failed + 1))
    fi
}

# shellcheck disable=SC2086
{
    for name in mnist classify; do
        try "$name: build" '' ${CC:-cc} -std=c99 $strict "$examples/$name.c" -o "$name" -L "$LD_LIBRARY_PATH" -lfovea
    done
    try "plus: build" '' g++ -std=c++14 $strict "$examples/plus.cpp" -o plus -L "$LD_LIBRARY_PATH" -lfovea
}
try "mnist is under 60 lines" '^yes$' sh -c "[ \$(wc -l <'$examples/mnist.c') -lt 60 ] && echo yes"
try "mnist: train, save, recognise the first test digit" 'is a 7 \(.* label says 7$' ./mnist "$FOVEA_SOURCE/data/mnist" 1
mv log mnist.log
try "mnist: more than 95 % after one epoch" '^epoch 1: .*test (9[5-9]|100)\.' cat mnist.log
# The third test digit, a 1, as a picture file.
try "picture" '' python3 -c '
import gzip, sys
with gzip.open(sys.argv[1]) as f:
    pixels = f.read()[16 + 2 * 784:16 + 3 * 784]
open("one.pgm", "wb").write(b"P5 28 28 255\n" + pixels)' "$FOVEA_SOURCE/data/mnist/t10k-images-idx3-ubyte.gz"
try "classify: the picture is a 1" '^1 \([0-9.]+ %\)$' ./classify mnist.safetensors one.pgm
try "plus" '^3 layers, [0-9]+ parameters' ./plus
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
