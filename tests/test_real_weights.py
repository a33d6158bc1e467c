#!/usr/bin/env python3
"""Weights that others trained, on real pictures: as many are right as in PyTorch (../shared/data/SOURCES.md), with no option
but the file of weights. Weights of another network are refused with the tensor and both shapes. Skipped where the weights or
Debian's PyTorch, which reads them, are not there."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE, BUILD = pathlib.Path(os.environ["FOVEA_SOURCE"]), pathlib.Path(os.environ["FOVEA_BUILD"])
SHARED, FOVEA, PYTHON = SOURCE / ".." / "shared" / "data", BUILD / "fovea", "/usr/bin/python3"
RESNETS = {20: ("resnet20-12fca82f.th", 915), 32: ("resnet32-d509ac18.th", 928), 56: ("resnet56-4bfd9763.th", 926)}


def skip(why):
    print(why)
    sys.exit(77)


def evaluate(net, weights, data=SHARED / "cifar10-sample"):
    return subprocess.run([FOVEA, "eval", net, "--weights", weights, data, "--json"],
                          capture_output=True, text=True)


def main():
    passed = failed = 0

    def check(good, what):
        nonlocal passed, failed
        passed, failed = passed + bool(good), failed + (not good)
        if not good:
            print(f"FAILED: {what}")

    if os.environ.get("FOVEA_SANITIZE", "none") != "none":
        skip("sanitized code takes minutes for this")
    if not (SHARED / "models").exists():
        skip("../shared/data is not there")
    if subprocess.run([PYTHON, "-c", "import torch"], capture_output=True).returncode:
        skip("python3-torch is not installed")
    with tempfile.TemporaryDirectory() as folder:
        for layers, (name, right) in RESNETS.items():
            if layers > 32 and os.environ.get("QUICK"):
                continue
            weights = pathlib.Path(folder) / f"{layers}.safetensors"
            subprocess.run([PYTHON, SOURCE / "tools" / "convert_pth", SHARED / "models" / "cifar10-resnet" / name, weights],
                           check=True, capture_output=True)
            run = evaluate(f"resnet-{layers}-pad-both", weights)
            found = json.loads(run.stdout)["top1"] * 1000 if run.returncode == 0 else run.stderr
            check(run.returncode == 0 and round(found) == right, f"ResNet-{layers}: {right} of 1000 are wanted, found {found}")
        run = evaluate("resnet-20-pad-both", pathlib.Path(folder) / "32.safetensors")
        check(run.returncode == 1 and "belongs to no layer of network resnet-20-pad-both" in run.stderr, run.stderr)
        run = evaluate("resnet-18", pathlib.Path(folder) / "20.safetensors")
        check(run.returncode == 1 and "tensor 'conv1.weight' is 16x3x3x3" in run.stderr
              and "resnet-18 needs 64x3x7x7" in run.stderr, run.stderr)

        made = subprocess.run([PYTHON, SOURCE / "tools" / "picture_arrays", SHARED / "imagenet-pictures", folder],
                              capture_output=True, text=True)
        check(made.returncode == 0, made.stderr)
        run = evaluate("squeezenet-1.0-caffe", SHARED / "models" / "squeezenet-1.0-caffe" / "squeezenet-1.0-caffe.safetensors",
                       folder)
        found = [round(json.loads(run.stdout)[key] * 110) for key in ("top1", "top5")] if run.returncode == 0 else run.stderr
        check(found == [72, 90], f"SqueezeNet: 72 and 90 of 110 are wanted, found {found}")

        # a file that would run a command when it is read
        bad, mark = pathlib.Path(folder) / "bad.pth", pathlib.Path(folder) / "mark"
        bad.write_bytes(b"\x80\x02cposix\nsystem\nX" + len(f"touch {mark}").to_bytes(4, "little")
                        + f"touch {mark}".encode() + b"\x85R.")
        run = subprocess.run([PYTHON, SOURCE / "tools" / "convert_pth", bad], capture_output=True, text=True, cwd=folder)
        check(run.returncode == 1 and "posix.system, which is no weight" in run.stderr and not mark.exists(), run.stderr)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
