#!/usr/bin/env python3
"""The runners count right: tests/run on pretended programs, and tests/run_cli.py on pretended cases. A runner that loses a
failure would hide all others."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(os.environ["FOVEA_SOURCE"]) / "tests"

# What a program does (shell), and what must be counted: passed, failed, skipped.
PROGRAMS = {
    "cmocka": ("printf '[==========] 3 test(s) run.\\n[  PASSED  ] 3 test(s).\\n'", (3, 0, 0)),
    "cmocka, two groups": ("printf '[  PASSED  ] 2 test(s).\\n[  PASSED  ] 4 test(s).\\n'", (6, 0, 0)),
    "cmocka, failed": ("printf '[  PASSED  ] 2 test(s).\\n[  FAILED  ] group: 1 test(s), listed below:\\n"
                       "[  FAILED  ] name\\n\\n 1 FAILED TEST(S)\\n'; exit 1", (2, 1, 0)),
    "cmocka, skipped": ("printf '[  PASSED  ] 2 test(s).\\n[  SKIPPED ] group: 1 test(s), listed below:\\n'", (2, 0, 1)),
    "cmocka, crashed": ("printf '[  PASSED  ] 2 test(s).\\n'; kill -SEGV $$", (2, 1, 0)),
    "cmocka, leak at exit": ("printf '[  PASSED  ] 2 test(s).\\n'; exit 23", (2, 1, 0)),
    "totals": ("echo 5 passed, 0 failed", (5, 0, 0)),
    "totals, three": ("echo 5 passed, 2 failed, 1 skipped; exit 1", (5, 2, 1)),
    "totals, failed but exit 0": ("echo 5 passed, 2 failed", (5, 2, 0)),
    "no totals": ("true", (1, 0, 0)),
    "no totals, failed": ("exit 3", (0, 1, 0)),
    "no test": ("echo 0 passed, 0 failed", (0, 1, 0)),
    "skip": ("exit 77", (0, 0, 1)),
    "killed": ("kill -KILL $$", (0, 1, 0)),
    "out of time": ("echo 9 passed, 0 failed; sleep 30", (9, 1, 0)),
}

# Files of a case, and whether it passes.
CASES = {
    "good": ({"cmd": "echo yes", "stdout.exact": "yes\n", "stderr.exact": ""}, True),
    "exact-differs": ({"cmd": "echo yes", "stdout.exact": "yes"}, False),
    "exit-differs": ({"cmd": "exit 2"}, False),
    "exit-same": ({"cmd": "exit 2", "exit": "2\n"}, True),
    "match": ({"cmd": "echo a 12 b >&2", "stderr.match": "^a [0-9]+\nb$\n"}, True),
    "match-differs": ({"cmd": "echo a 12 b", "stdout.match": "^a [0-9]+$\n"}, False),
    "never": ({"cmd": "echo NaN", "stdout.never": "(?i)nan\n"}, False),
    "misspelt": ({"cmd": "echo yes", "stdout.exakt": "no"}, False),
    "no-command": ({"stdout.exact": ""}, False),
    "slow": ({"cmd": "sleep 30", "limit": "1"}, False),
    "command-in-path": ({"cmd": "fovea && test -x \"$FOVEA\" && test -d \"$CASE\" && test -d \"$SOURCE\""}, True),
    "first-error-ends": ({"cmd": "false\ntrue"}, False),
}


def last_line(command):
    env = {name: value for name, value in os.environ.items() if name != "FOVEA_SANITIZE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    lines = done.stdout.splitlines()
    return done.returncode, lines[-1] if lines else done.stderr


def check_run(folder):
    (folder / "meson-info").mkdir()
    wrong = 0
    PROGRAMS["not built"] = (None, (0, 1, 0))
    tests = [{"name": name, "cmd": ["sh", "-c", script] if script else [str(folder / "gone")], "env": {}, "timeout": 1, "priority": 0, "is_parallel": True}
             for name, (script, _) in PROGRAMS.items()]
    for test in tests:
        counts = PROGRAMS[test["name"]][1]
        (folder / "meson-info" / "intro-tests.json").write_text(json.dumps([test]))
        got = last_line([TESTS / "run", folder])
        wanted = (1 if counts[1] else 0, "{} passed, {} failed, {} skipped".format(*counts))
        if got != wanted:
            print(f"tests/run, {test['name']}: {got}, wanted {wanted}")
            wrong += 1
    (folder / "meson-info" / "intro-tests.json").write_text(json.dumps(tests))
    sums = [sum(counts[i] for _, counts in PROGRAMS.values()) for i in range(3)]
    got, wanted = last_line([TESTS / "run", folder]), (1, "{} passed, {} failed, {} skipped".format(*sums))
    if got != wanted:
        print(f"tests/run, all: {got}, wanted {wanted}")
        wrong += 1
    return len(PROGRAMS) + 1, wrong


def check_cli(folder):
    fovea, wrong = folder / "fovea", 0
    fovea.write_text("#!/bin/sh\n")
    fovea.chmod(0o755)
    for name, (files, passes) in CASES.items():
        case = folder / "cases" / name / "it"
        case.mkdir(parents=True)
        for file, text in files.items():
            (case / file).write_text(text)
        got = last_line([sys.executable, TESTS / "run_cli.py", fovea, case.parent])
        wanted = (0, "1 passed, 0 failed") if passes else (1, "0 passed, 1 failed")
        if got != wanted:
            print(f"tests/run_cli.py, {name}: {got}, wanted {wanted}")
            wrong += 1
    return len(CASES), wrong


def main():
    total = wrong = 0
    for check in (check_run, check_cli):
        with tempfile.TemporaryDirectory() as folder:
            tests, failed = check(pathlib.Path(folder))
            total, wrong = total + tests, wrong + failed
    print(f"{total - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


sys.exit(main())
