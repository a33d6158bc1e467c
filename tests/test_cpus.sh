#!/bin/sh
# Code for AVX-512 never runs where the CPU lacks it: under an emulated Haswell (AVX2 and FMA, no AVX-512) the command
# chooses avx2, refuses avx512 with a message, computes what ref computes and can train; under a Nehalem only ref is left.
# A wrong instruction would end in SIGILL.
set -eu
[ "$(uname -m)" = x86_64 ] || exit 77
[ "${FOVEA_SANITIZE:-none}" = none ] || exit 77 # the sanitizers' shadow memory does not fit the emulator's
command -v qemu-x86_64-static >/dev/null || exit 77
cd "$FOVEA_BUILD"
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset FOVEA_CPU

verdict() { # NAME EXIT-CODE WANTED PATTERN: of the output in $work/log
    if [ "$2" -eq "$3" ] && grep -qE "$4" "$work/log"; then
        passed=$((passed + 1))
    else
        echo "$1: exit code $2 (wanted $3), nothing matches '$4' (or it does):"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}
on() { # CPU COMMAND...
    cpu=$1
    shift
    code=0
    qemu-x86_64-static -cpu "$cpu" "$@" >"$work/log" 2>&1 || code=$?
}

on Haswell ./fovea version
verdict "Haswell" $code 0 '\bavx2\b'
on Haswell ./fovea bench lenet-5 --isa avx512
verdict "Haswell, avx512 forced" $code 2 'avx512'
on Haswell ./fovea selfcheck
verdict "Haswell computes" $code 0 '^good .* avx2:'
on Haswell ./fovea bench lenet-5 --batch 3 --threads 2 --seconds 0.1 --mode train
verdict "Haswell trains" $code 0 'train, batch 3'
on Nehalem ./fovea selfcheck
verdict "Nehalem computes" $code 0 '^good .* ref:'
# Convolutions alone: an emulator is slow. Not under Haswell: the emulator's masked load reads the whole vector, and the harness has guard pages behind its arrays.
on Nehalem tests/check --quick --function conv
verdict "Nehalem, check harness" $code 0 '^[0-9]+ passed, 0 failed'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
