#!/usr/bin/python3
"""The peer: PyTorch on LeNet-5, in the environment in which it is fastest on a CPU.

    bench/torch_lenet.py --batch N --threads T --mode infer|train [--seconds S]

Prints one JSON line: median_ms of a step, images_per_s. Training is a whole step: forward, cross-entropy, backward, SGD with
momentum. jemalloc is preloaded where it is installed (glibc returns large blocks to the kernel after each operator), and
Debian's PyTorch takes its matrix product from libopenblas0-openmp if that is installed: without the two it is several
times slower and no fair peer."""
import argparse
import json
import os
import statistics
import sys
import time


def settle(threads):
    """Restart once: the thread counts and the allocator are fixed before the libraries load."""
    if os.environ.get("FOVEA_PEER_READY"):
        return
    env = dict(os.environ, FOVEA_PEER_READY="1", OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    env.pop("OPENBLAS_CORETYPE", None) # may hold OpenBLAS to older kernels
    jemalloc = f"/usr/lib/{os.uname().machine}-linux-gnu/libjemalloc.so.2"
    if os.path.exists(jemalloc):
        env["LD_PRELOAD"] = jemalloc
        env["MALLOC_CONF"] = ("oversize_threshold:1,background_thread:true,metadata_thp:auto,dirty_decay_ms:-1,"
                              "muzzy_decay_ms:-1")
    os.execve(sys.executable, [sys.executable, *sys.argv], env)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mode", choices=["infer", "train"], default="train")
    parser.add_argument("--seconds", type=float, default=2)
    args = parser.parse_args()
    settle(args.threads)

    import torch
    from torch import nn

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    x, y = torch.randn(args.batch, 1, 28, 28), torch.randint(10, (args.batch,))
    if args.mode == "train":
        loss = nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss(net(x), y).backward()
            optimizer.step()
    else:
        with torch.no_grad():
            net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.eval(), x)))

        def step():
            with torch.inference_mode():
                net(x)

    for _ in range(10):
        step()
    times, end = [], time.perf_counter() + args.seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    print(json.dumps({"peer": f"PyTorch {torch.__version__}", "median_ms": 1e3 * median,
                      "images_per_s": args.batch / median, "runs": len(times)}))


main()
