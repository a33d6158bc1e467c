#!/bin/sh
# Fused multiply-add stands where we said it: in the kernels of sets that have it, and nowhere else. Otherwise the
# kernels run at half speed (gcc emits none under -std=c17 by itself), or the rest differs from compiler to compiler.
set -eu
[ "$(uname -m)" = x86_64 ] || exit 77
cd "$FOVEA_BUILD/src"
passed=0
failed=0

fused() { # OBJECTS: how many fused instructions
    objdump -d --no-show-raw-insn "$@" | grep -cE '\bvfn?m(add|sub)' || true
}
verdict() { # CONDITION MESSAGE
    if [ "$1" -eq 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$2"; fi
}
for set in avx2 avx512; do
    [ "${FOVEA_SANITIZE:-none}" = none ] || continue # not optimised: nothing is fused
    count=$(fused kernels/libkernels_$set.a)
    verdict $((count > 100)) "kernels of $set: $count fused multiply-adds, which cannot be all"
done
count=$(fused kernels/libkernels_ref.a kernels/libkernels_ref64.a libfovea.a.p/*.o)
verdict $((count == 0)) "outside of those kernels: $count fused multiply-adds"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
