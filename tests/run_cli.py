#!/usr/bin/env python3
"""Run the cases of the command: a folder a case.

    tests/run_cli.py FOVEA CASES [PATTERN...]

    cmd                            run by `sh -eu` in an empty folder; $FOVEA is the binary and `fovea` is in PATH,
                                   $CASE the case's folder, $SOURCE the source tree
    stdout.exact, stderr.exact     what must come out, to the byte
    stdout.match, stderr.match     a regular expression a line, each of which must match somewhere in a line of the output
    stdout.never, stderr.never     the same, and none may match
    exit                           the exit code, 0 without this file
    limit                          seconds, 60 without this file (five times as many in a sanitized build)
Other files are the case's own. The last line is `N passed, N failed`."""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

STREAMS = ("stdout", "stderr")
KINDS = ("exact", "match", "never")


def environment(fovea, case):
    keep = {name: os.environ[name] for name in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "QUICK")
            if name in os.environ}
    # what people keep for themselves must not change a result
    return dict(keep, XDG_CACHE_HOME="/nonexistent", PATH=f"{fovea.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}", LC_ALL="C.UTF-8", TERM="dumb",
                FOVEA=str(fovea), CASE=str(case), SOURCE=os.environ.get("FOVEA_SOURCE", str(case.parents[2])))


def patterns(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


def compare(case, stream, output):
    """What is wrong with one stream, a line each."""
    text, wrong = output.decode("utf-8", "replace"), []
    exact, match, never = (case / f"{stream}.{kind}" for kind in KINDS)
    if exact.is_file() and exact.read_bytes() != output:
        wrong.append(f"{stream} is not what {exact.name} says")
    for path, wanted in ((match, True), (never, False)):
        for pattern in patterns(path) if path.is_file() else []:
            if bool(re.search(pattern, text, re.M)) != wanted:
                wrong.append(f"{stream}: {'nothing matches' if wanted else 'something matches'} {pattern!r}")
    return wrong


def check_folder(case):
    """A misspelt expectation would be one that cannot fail."""
    known = {f"{stream}.{kind}" for stream in STREAMS for kind in KINDS}
    wrong = [f"unknown file {path.name}" for path in case.iterdir()
             if path.name.startswith(STREAMS) and path.name not in known]
    return wrong + ([] if (case / "cmd").is_file() else ["no file cmd"])


def number(path, default):
    return int(path.read_text()) if path.is_file() else default


def run(fovea, case):
    wrong = check_folder(case)
    if wrong:
        return wrong, b"", b""
    limit = number(case / "limit", 60) * (5 if os.environ.get("FOVEA_SANITIZE", "none") != "none" else 1)
    with tempfile.TemporaryDirectory(prefix="fovea-cli-") as scratch:
        process = subprocess.Popen(["sh", "-eu", str(case / "cmd")], cwd=scratch, env=environment(fovea, case),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            out, err = process.communicate(timeout=limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return [f"not done after {limit} s"], out, err
    wanted = number(case / "exit", 0)
    if code != wanted:
        wrong.append(f"exit code {code}, not {wanted}")
    return wrong + compare(case, "stdout", out) + compare(case, "stderr", err), out, err


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    fovea, folder = (pathlib.Path(arg).resolve() for arg in sys.argv[1:3])
    cases = sorted(path for path in folder.iterdir() if path.is_dir())
    cases = [case for case in cases if len(sys.argv) == 3 or any(p in case.name for p in sys.argv[3:])]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        results = list(pool.map(lambda case: run(fovea, case), cases))
    for case, (wrong, out, err) in zip(cases, results):
        if wrong:
            failed += 1
            print(f"FAILED {case.name}", *(f"  {line}" for line in wrong), sep="\n")
            for name, output in zip(STREAMS, (out, err)):
                print(f"  --- {name}", output.decode("utf-8", "replace").rstrip("\n"), sep="\n")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


sys.exit(main())
