#!/bin/sh
# tools/deps, with a pretended dpkg and apt: installs what is missing, and asks, goes on or stops where it should.
set -eu
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"

pretend() { # NAME SCRIPT
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
pretend dpkg-query 'for last; do :; done; grep -qx "$last" "$MISSING" && exit 1; echo installed'
pretend apt-get 'echo "$*" >>"$CALLS"'
pretend sudo '"$@"'
pretend id 'echo "$USER_ID"'

run() { # NAME WANTED-EXIT WANTED-CALLS [VARIABLE=VALUE...] -- TAG...: the packages in $work/missing are not installed
    name=$1 exit=$2 calls=$3
    shift 3
    : >"$work/calls"
    code=0
    env PATH="$work/bin:$PATH" MISSING="$work/missing" CALLS="$work/calls" CI= DEPS= USER_ID=0 "$@" \
        </dev/null >"$work/log" 2>&1 || code=$?
    got=$(tr '\n' ';' <"$work/calls")
    if [ "$code" -eq "$exit" ] && [ "$got" = "$calls" ]; then
        passed=$((passed + 1))
    else
        echo "$name: exit code $code (wanted $exit), apt-get was called with '$got' (wanted '$calls')"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}

deps=$FOVEA_SOURCE/tools/deps
install="update;install -y --no-install-recommends libspng-dev ninja-build;"
: >"$work/missing"
run "nothing missing" 0 "" "$deps" build test soak lint bench
printf 'libspng-dev\nninja-build\n' >"$work/missing"
run "root goes on" 0 "$install" "$deps" build test
run "told to skip" 0 "" DEPS=skip "$deps" build
run "CI goes on" 0 "$install" CI=1 USER_ID=1000 "$deps" build
run "a user without a terminal is told" 1 "" USER_ID=1000 "$deps" build
printf 'mandoc\n' >"$work/missing"
run "missing for another purpose" 0 "" "$deps" build
run "unknown tag" 2 "" "$deps" nonsense
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
