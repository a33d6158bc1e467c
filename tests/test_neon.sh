#!/bin/sh
# The kernels of NEON: the check harness is compiled for ARM, as they ship, and run in an emulator with few shapes. The build
# stays in the build folder, so later runs compile what changed. All shapes, and `ref` there: make soak.
set -eu
[ "${FOVEA_SANITIZE:-none}" = none ] || exit 77
command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null || exit 77
build=$FOVEA_BUILD/arm64
mkdir -p "$build"
"$FOVEA_SOURCE/tools/configure" "$build" --cross-file tools/arm64.ini -Dkernels_only=true >"$build/log" 2>&1 &&
    ninja -C "$build" tests/check >>"$build/log" 2>&1 || {
    tail -n 40 "$build/log"
    exit 1
}
exec qemu-aarch64-static -L /usr/aarch64-linux-gnu "$build/tests/check" --quick --isa neon
