#!/bin/sh
# What the library exports, asks for and keeps: exactly the functions of the public headers; no printing, aborting or
# exiting; no memory of its own that can change.
set -eu
cd "$FOVEA_BUILD"
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

verdict() { # NAME FILE: the file lists what is wrong
    if [ -s "$2" ]; then
        echo "$1:"
        sed 's/^/  /' "$2"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# A declaration is FV_API, a type, and the name before the parenthesis; the preprocessor has joined its lines.
for header in "$FOVEA_SOURCE"/include/fovea/*.h; do
    ${CC:-cc} -E -P -I "$FOVEA_SOURCE/include" "$header"
done | tr '\n' ' ' | tr ';{}' '\n\n\n' | grep 'visibility("default")' |
    sed 's/.*__attribute__((visibility("default")))//' | grep -oE 'fv_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >"$work/declared"
nm -D --defined-only src/libfovea.so | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort -u >"$work/exported"
[ "$(wc -l <"$work/declared")" -gt 30 ] || echo "found only $(wc -l <"$work/declared") declarations" >"$work/few"
: >>"$work/few"
verdict "declarations found" "$work/few"
comm -23 "$work/declared" "$work/exported" >"$work/absent"
verdict "declared with FV_API, but the library does not have them" "$work/absent"
comm -13 "$work/declared" "$work/exported" >"$work/extra"
verdict "exported, but no public header declares them" "$work/extra"

readelf -d src/libfovea.so | grep SONAME | grep -v '\[libfovea\.so\.0\]' >"$work/soname" || true
readelf -d src/libfovea.so | grep -q SONAME || echo "none" >"$work/soname"
verdict "SONAME is not libfovea.so.0" "$work/soname"

nm -u src/libfovea.a | awk '$1 == "U" { print $2 }' | sort -u | grep -xE \
    '(__)?v?printf(_chk)?|puts|putchar|perror|stdout|stderr|abort|_?exit|_Exit|quick_exit|(v?err|v?warn)x?|raise|signal|sigaction|setlocale|setenv|putenv|getenv' \
    >"$work/calls" || true
verdict "the library must not call these" "$work/calls"

# Sections that can be written: .data and .bss must be empty (.data.rel.ro is constant after relocation). Instrumented
# objects have counters there.
if [ "${FOVEA_SANITIZE:-none}" = none ]; then
    size -A src/libfovea.a | awk '/\(ex / { object = $1 }
        /^\.t?(data|bss)/ && !/^\.data\.rel\.ro/ && $2 > 0 { print object, $1, $2 " bytes" }' >"$work/state"
    verdict "global state that can change" "$work/state"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
