#!/usr/bin/env python3
"""`fovea predict` beside torch_predict.py on the same JPEGs, alternating.

    bench/peers/predict_bench.py FOVEA WEIGHTS FOLDER [--pieces N] [--piece N] [--threads N...]

FOLDER's JPEGs are repeated to so many pieces of so many pictures; Fovea and each setting of PyTorch take each piece in turn. Fovea's
time holds all of the process, PyTorch's the loop alone. Prints pictures a second, by the clock and by processor time (all
threads and workers), the median of the pieces."""
import argparse
import itertools
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

PEER = pathlib.Path(__file__).with_name("torch_predict.py")
SETTINGS = {1: (["--traced"], ["--channels-last"]), 2: (["--channels-last"], ["--channels-last", "--workers", "1"])}

parser = argparse.ArgumentParser()
parser.add_argument("fovea")
parser.add_argument("weights")
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--pieces", type=int, default=5)
parser.add_argument("--piece", type=int, default=100)
parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
options = parser.parse_args()
files = itertools.cycle(sorted(p for p in options.folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg")))


def fovea(paths, threads):
    begin, before = time.perf_counter(), os.times()
    subprocess.run([options.fovea, "predict", "squeezenet-1.0-caffe", "--weights", options.weights, "-", "--threads", str(threads)],
                   input=paths, text=True, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (time.perf_counter() - begin,
            after.children_user - before.children_user + after.children_system - before.children_system)


def torch(paths, threads, setting):
    run = subprocess.run([sys.executable, PEER, options.weights, "--threads", str(threads), *setting], input=paths, text=True,
                         check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall, cpu = re.search(r"([\d.]+) a second, ([\d.]+) a second of processor", run.stderr).groups()
    return options.piece / float(wall), options.piece / float(cpu)


def keep(rows, name, seconds):
    rows.setdefault(name, []).append(seconds)
    print(name, *(f"{s:.3f}" for s in seconds), file=sys.stderr, flush=True)


for threads in options.threads:
    rows = {}
    for _ in range(options.pieces):
        paths = "".join(f"{next(files)}\n" for _ in range(options.piece))
        keep(rows, "fovea", fovea(paths, threads))
        for setting in SETTINGS[threads]:
            keep(rows, "torch " + " ".join(setting), torch(paths, threads, setting))
    for name, times in rows.items():
        wall, cpu = (statistics.median(options.piece / t[k] for t in times) for k in (0, 1))
        print(f"{threads} threads  {name:40} {wall:7.1f} pictures/s  {cpu:7.1f} a second of processor time", flush=True)
