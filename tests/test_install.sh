#!/bin/sh
# `make install` puts everything where PREFIX and DESTDIR say; a program finds the library by pkg-config, shared and
# static, from C and from C++; the command makes a classifier of photos where there is nothing else; `make uninstall`
# leaves nothing.
set -eu
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
: "${CC:=cc}"

try() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        echo "$name failed: $*"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}

try install env DESTDIR="$root" meson install -C "$FOVEA_BUILD" --no-rebuild --quiet
pc=$(find "$root" -name fovea.pc)
prefix=$root$(sed -n 's/^prefix=//p' "$pc")

for file in lib/libfovea.a lib/libfovea.so lib/libfovea.so.0 lib/libfovea.so.0.1.0 lib/pkgconfig/fovea.pc \
    include/fovea/fovea.h bin/fovea share/man/man1/fovea.1 share/bash-completion/completions/fovea \
    share/zsh/site-functions/_fovea share/fish/vendor_completions.d/fovea.fish share/doc/fovea/LICENSE; do
    try "installed: $file" test -s "$prefix/$file"
done
try "headers installed" sh -c "cd '$FOVEA_SOURCE/include/fovea' && for h in *.h; do cmp \$h '$prefix'/include/fovea/\$h; done"

cat >"$work/tiny.c" <<'END'
#include <fovea/fovea.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    fv_net *net = NULL;
    fv_error err;

    if (argc != 2 || strcmp(fv_version(), argv[1]) != 0 || fv_zoo_count() == 0)
        return 1;
    if (fv_net_open(NULL, fv_zoo_name(0), &net, &err)) {
        puts(err.message);
        return 1;
    }
    fv_net_free(net);
    return 0;
}
END
config() { # relocated by the sysroot, system packages from where they are
    PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --define-variable=prefix="$prefix" "$@" fovea
}
version=$(config --modversion)
sanitize=
[ "${FOVEA_SANITIZE:-none}" = none ] || sanitize="-fsanitize=$FOVEA_SANITIZE"

# shellcheck disable=SC2046,SC2086
{
    try "shared: build" $CC $sanitize $(config --cflags) "$work/tiny.c" -o "$work/shared" $(config --libs)
    try "shared: run" env LD_LIBRARY_PATH="$prefix/lib" "$work/shared" "$version"
    try "shared: needs libfovea.so.0" sh -c "readelf -d '$work/shared' | grep -F '[libfovea.so.0]'"
    try "C++: build" g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror $sanitize -x c++ $(config --cflags) "$work/tiny.c" \
        -o "$work/cxx" $(config --libs)
    try "C++: run" env LD_LIBRARY_PATH="$prefix/lib" "$work/cxx" "$version"
    mkdir "$work/static"
    cp "$prefix/lib/libfovea.a" "$work/static"
    try "static: build" $CC $sanitize $(config --cflags) "$work/tiny.c" -o "$work/alone" -L "$work/static" \
        $(config --static --libs | sed "s|-L$prefix/lib||")
    try "static: run" "$work/alone" "$version"
    try "static: does not need libfovea.so" sh -c "! readelf -d '$work/alone' | grep libfovea"
}
try "command runs from where it is installed" "$prefix/bin/fovea" version

# From photos to names with nothing but what was installed: no source, no weights, no variable that says where they are.
mkdir -p "$work/user/here"
python3 "$FOVEA_SOURCE/tests/cli/photos.py" "$work/user/here/photos" 8 red green
installed() {
    (cd "$work/user/here" && env -i HOME="$work/user" PATH=/usr/bin:/bin LC_ALL=C.UTF-8 ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
        "$prefix/bin/fovea" "$@")
}
try "installed: check" installed check photos
try "installed: train" installed train photos --epochs 30 --out run --progress none
cp "$work/log" "$work/said"
try "installed: says what would help" grep -q "no trained backbone was found" "$work/said"
try "installed: predict" installed predict run photos/red photos/green --csv
grep -c '^photos/\([a-z]*\)/[0-9]*\.ppm,\1,' "$work/log" >"$work/said" || :
try "installed: names are right" grep -qx 16 "$work/said"
try "uninstall" "$FOVEA_SOURCE/tools/uninstall" "$FOVEA_BUILD" "$root"
find "$root" ! -type d >"$work/left"
find "$root" -name 'fovea*' >>"$work/left"
try "nothing is left" sh -c "! grep . '$work/left'"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
