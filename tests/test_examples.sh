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
    for name in plus alike; do
        try "$name: build" '' g++ -std=c++14 $strict "$examples/$name.cpp" -o "$name" -L "$LD_LIBRARY_PATH" -lfovea
    done
}
try "mnist is under 60 lines" '^yes$' sh -c "[ \$(wc -l <'$examples/mnist.c') -lt 60 ] && echo yes"
try "mnist: train, save, recognise the first test digit" 'is a 7 \(.* label says 7$' ./mnist "$FOVEA_SOURCE/data/mnist" 1
mv log mnist.log
try "mnist: more than 95 % after one epoch" '^epoch 1: .*test (9[5-9]|100)\.' cat mnist.log
# The third and the sixth test digit, both a 1, and the second, a 2, as picture files.
try "pictures" "" /usr/bin/python3 -c '
import gzip, sys
from PIL import Image
with gzip.open(sys.argv[1]) as f:
    pixels = f.read()
for name, i in (("one", 2), ("other", 5), ("two", 1)):
    Image.frombytes("L", (28, 28), pixels[16 + i * 784:16 + (i + 1) * 784]).save(name + ".jpg", quality=95)
' "$FOVEA_SOURCE/data/mnist/t10k-images-idx3-ubyte.gz"
try "classify needs ten lines" '^10$' sh -c "awk '/^{/ {on = 1; next} /^}/ {on = 0} on' '$examples/classify.c' | wc -l"
try "classify: the picture is a 1" '^1 \([0-9.]+ %\)$' ./classify mnist.safetensors one.jpg
try "classify: no picture" '^classify: none.jpg' sh -c '! ./classify mnist.safetensors none.jpg'
same=$(./alike mnist.safetensors fc2 one.jpg other.jpg) differs=$(./alike mnist.safetensors fc2 one.jpg two.jpg)
try "alike: 1 and 1 are more alike ($same) than 1 and 2 ($differs)" '^yes$' awk "BEGIN { if ($same > $differs) print \"yes\" }"
try "plus" '^3 layers, [0-9]+ parameters' ./plus
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
