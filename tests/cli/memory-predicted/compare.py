"""What `fovea plan --memory` foretells against what training and use took: anonymous memory at its peak, within 5 % or
8 MiB, whichever is larger."""
import json
import os
import subprocess
import sys

# net, batch, size: sums from 7 MiB to 370 MiB; weights, activations and gradients each are the largest part of one
NETS = [
    ("lenet-5", 64, []),
    ("resnet-20", 32, []),
    ("resnet-34", 16, ["--input", "64x64"]),
    ("alexnet", 16, ["--width", "1/4"]),
    ("vgg-d", 8, ["--input", "32x32", "--width", "1/2"]),
    ("mobilenet-v2", 8, ["--input", "64x64"]),
]
with open(os.environ["FOVEA"], "rb") as binary:
    program = binary.read()
if b"__asan_init" in program or b"__tsan_init" in program:
    sys.exit(0)  # a sanitizer's own memory is no business of the plan's
if os.environ.get("QUICK"):
    del NETS[2]  # seconds


def fovea(*args):
    return json.loads(subprocess.run(["fovea", *args, "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout)


def compare(what, plan, run):
    foretold, taken = plan["memory"]["sum"], run["memory_peak_bytes"]
    good = abs(foretold - taken) <= max(taken / 20, 8 << 20)
    print(f"{'good' if good else 'WRONG'}  {what}: foretold {foretold / 2**20:.1f} MiB, taken {taken / 2**20:.1f} MiB")
    return good


good = True
for net, batch, size in NETS:
    model, many = f"{net}/weights/last.safetensors", str(batch)
    train = fovea("train", net, "data", "--epochs", "1", "--limit", str(2 * batch), "--batch", many, "--lr", "1e-5",
                  "--out", net, "--quiet", *size)
    good &= compare(f"training {net}, batch {batch}", fovea("plan", net, "data", "--mode", "train", "--batch", many, *size),
                    train)
    good &= compare(f"use of {net}, batch {batch}", fovea("plan", model, "data", "--batch", many),
                    fovea("eval", model, "data", "--batch", many))
sys.exit(not good)
