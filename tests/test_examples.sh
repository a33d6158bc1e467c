#!/bin/sh
# The examples compile against the public header and the shared library alone, and do what they say: mnist trains on 2,000
# real digits and recognises one, classify reads it from a picture file, plus does the same from C++.
set -eu
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: "${CC:=cc}"
: "${CXX:=c++}"
sanitize=
[ "${FOVEA_SANITIZE:-none}" = none ] || sanitize="-fsanitize=$FOVEA_SANITIZE"
export LD_LIBRARY_PATH="$FOVEA_BUILD/src"

try() { # NAME PATTERN COMMAND...: the command succeeds and prints a line that matches
    name=$1
    pattern=$2
    shift 2
    if "$@" >"$work/log" 2>&1 && { [ -z "$pattern" ] || grep -Eq "$pattern" "$work/log"; }; then
        passed=$((passed + 1))
    else
        echo "$name failed: $*"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}

build() { # COMPILER SOURCE NAME
    # shellcheck disable=SC2086
    $1 $sanitize -Wall -Wextra -Werror -I "$FOVEA_SOURCE/include" "$FOVEA_SOURCE/examples/$2" \
        -L "$FOVEA_BUILD/src" -lfovea -o "$work/$3"
}

# The first samples of MNIST as files of their own, and the first test digit as a picture.
python3 - "$FOVEA_SOURCE/data/mnist" "$work" <<'END'
import gzip, struct, sys
source, work = sys.argv[1:]
for name, count in ("train", 2000), ("t10k", 500):
    for kind, item in ("images-idx3", 28 * 28), ("labels-idx1", 1):
        data = gzip.open("%s/%s-%s-ubyte.gz" % (source, name, kind)).read()
        head = 16 if item > 1 else 8
        open("%s/%s-%s-ubyte" % (work, name, kind), "wb").write(
            data[:4] + struct.pack(">I", count) + data[8:head] + data[head:head + count * item])
        if name == "t10k" and item > 1:
            open(work + "/digit.pgm", "wb").write(b"P5 28 28 255\n" + data[16:16 + item])
END

try "mnist compiles" '' build "$CC" mnist.c mnist
try "classify compiles" '' build "$CC" classify.c classify
try "plus compiles" '' build "$CXX" plus.cpp plus
cd "$work"
try "mnist learns" 'the first test digit is a 7 .* its label says 7' ./mnist . 4
try "classify reads the picture" '^7 \(' ./classify mnist.safetensors digit.pgm
try "classify explains itself" 'usage: classify MODEL PICTURE' sh -c './classify || true'
try "plus builds a network" '^3 layers, 11926 parameters, 129360 MACs$' ./plus
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
