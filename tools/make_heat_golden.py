#!/usr/bin/env python3
"""Expected heat of Grad-CAM for tests/test_heat.c, from torch.autograd in double; needs Debian's python3-torch.

    python3 tools/make_heat_golden.py tests/golden/heat.txt

The net has batch norm (running averages), max-pooling, a residual block and two dense layers. Its weights and the picture
come from the counter-based generator of make_optimizer_golden.py; a weight's stream is its place among the sorted names."""
import math
import sys
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
MASK = (1 << 64) - 1
CLASSES, HEIGHT, WIDTH, CHANNELS, INPUT = 3, 12, 10, 2, 1000


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def tensor(stream, shape):
    golden = 0x9E3779B97F4A7C15
    numbers = [mix((mix((1 + golden * (stream + 1)) & MASK) + golden * (i + 1)) & MASK) for i in range(math.prod(shape))]
    return torch.tensor([(x >> 11) * 2.0 ** -52 - 1.0 for x in numbers]).view(*shape)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = (nn.Conv2d(6, 6, 3, padding=1) for _ in range(2))
        self.bn1, self.bn2 = (nn.BatchNorm2d(6) for _ in range(2))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.bn1, self.r = nn.Conv2d(CHANNELS, 6, 3, padding=1), nn.BatchNorm2d(6), Block()
        self.fc1, self.fc2 = nn.Linear(6 * 6 * 5, 7), nn.Linear(7, CLASSES)

    def forward(self, x):
        """The maps of each layer, with its activation, and the logits."""
        maps, r = {}, self.r
        maps["c1"] = self.c1(x)
        maps["bn1"] = torch.relu(self.bn1(maps["c1"]))
        maps["maxpool1"] = torch.max_pool2d(maps["bn1"], 2)
        maps["r.a"] = r.a(maps["maxpool1"])
        maps["r.bn1"] = torch.relu(r.bn1(maps["r.a"]))
        maps["r.bn2"] = r.bn2(r.b(maps["r.bn1"]))
        maps["-"] = torch.relu(maps["maxpool1"] + maps["r.bn2"])
        return maps, self.fc2(torch.tanh(self.fc1(maps["-"].flatten(1))))


net = Net().eval()
state = {name: value for name, value in net.state_dict().items() if "num_batches" not in name}
for stream, name in enumerate(sorted(state)):
    around = 1 if "bn" in name and name.endswith(".weight") or name.endswith("running_var") else 0
    state[name] = around + .2 * tensor(stream, state[name].shape)
net.load_state_dict(state, strict=False)
picture = tensor(INPUT, (1, HEIGHT, WIDTH, CHANNELS)).permute(0, 3, 1, 2).contiguous()
with open(sys.argv[1], "w", encoding="utf-8") as out:
    print(f"# torch {torch.__version__}; a case: layer (- = the last maps), class, height, width, the heat", file=out)
    for layer in ("-", "r.bn2", "r.bn1", "r.a", "maxpool1", "bn1", "c1"):
        for index in range(CLASSES):
            maps, logits = net(picture)
            gradient = torch.autograd.grad(logits[0, index], maps[layer])[0]
            heat = torch.relu((gradient.mean((2, 3), keepdim=True) * maps[layer]).sum(1))[0].detach()
            print(layer, index, *heat.shape, file=out)
            print(*(f"{v:.17g}" for v in heat.flatten().tolist()), file=out)
