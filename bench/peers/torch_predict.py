#!/usr/bin/env python3
"""The peer of `fovea predict squeezenet-1.0-caffe --weights WEIGHTS -`: the same pictures named by PyTorch and Pillow.

    ls *.jpg | bench/peers/torch_predict.py WEIGHTS [--threads N] [--batch N] [--workers N] [--traced] [--channels-last]

Pictures are read by Pillow as torch_transfer.py does it; with workers by as many processes beside the network's, as
torch.utils.data.DataLoader does it. Prints "path: class probability" and on standard error the pictures a second, of the loop
alone: without loading Python, PyTorch and the weights."""
import argparse
import os
import sys
import time

JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
if os.path.exists(JEMALLOC) and JEMALLOC not in os.environ.get("LD_PRELOAD", ""):  # as in torch_bench.py
    os.environ["LD_PRELOAD"] = JEMALLOC
    os.execv(sys.executable, [sys.executable] + sys.argv)

import torch
from torch_transfer import FIRES, load, picture

parser = argparse.ArgumentParser()
parser.add_argument("weights")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--traced", action="store_true")
parser.add_argument("--channels-last", action="store_true")
options = parser.parse_args()


class Net(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.names = sorted({name.rsplit(".", 1)[0] for name in weights})
        for name in self.names:
            w, b = weights[name + ".weight"], weights[name + ".bias"]
            conv = torch.nn.Conv2d(w.shape[1], w.shape[0], w.shape[2:], 2 if name == "features.0" else 1,
                                   padding=1 if "3x3" in name or name == "classifier.1" else 0)
            conv.weight.data, conv.bias.data = w, b
            self.add_module(name.replace(".", "_"), conv)

    def conv(self, name, x):
        return torch.relu(getattr(self, name.replace(".", "_"))(x))

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.conv("features.0", x), 3, 2, ceil_mode=True)
        for i in range(3, 13):
            if i in FIRES:
                s = self.conv(f"features.{i}.squeeze", x)
                x = torch.cat([self.conv(f"features.{i}.expand1x1", s), self.conv(f"features.{i}.expand3x3", s)], 1)
            else:
                x = torch.nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)
        return torch.softmax(self.conv("classifier.1", x).mean((2, 3)), 1)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return picture(self.paths[i])


def cpu_time():
    """Of this process and of the workers that have ended."""
    return sum(os.times()[:4])


torch.set_num_threads(options.threads)
paths = sys.stdin.read().split("\n")[:-1]
net = Net(load(options.weights)).eval()
form = torch.channels_last if options.channels_last else torch.contiguous_format
net = net.to(memory_format=form)
with torch.no_grad():
    example = torch.zeros(options.batch, 3, 227, 227).contiguous(memory_format=form)
    if options.traced:
        net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, example)))
    for _ in range(3):
        net(example)
    begin, began, at = time.perf_counter(), cpu_time(), 0
    for x in torch.utils.data.DataLoader(Pictures(paths), options.batch, num_workers=options.workers):
        for probability, index in zip(*net(x.contiguous(memory_format=form)).max(1)):
            print(f"{paths[at]}: {index} {probability:.4f}")
            at += 1
    seconds, cpu = time.perf_counter() - begin, cpu_time() - began
print(f"{at} pictures, {at / seconds:.1f} a second, {at / cpu:.1f} a second of processor time", file=sys.stderr)
