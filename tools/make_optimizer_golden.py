#!/usr/bin/env python3
"""Expected weights of 50 steps of torch.optim, for tests/test_optimizer.c; needs Debian's python3-torch.

    python3 tools/make_optimizer_golden.py tests/golden/optimizer.txt

A net of two dense layers (6 -> 5 tanh -> 3) learns 50 batches of 4 samples, 5 batches an epoch, in double. Weights,
inputs and labels come from the counter-based generator below, written again in the test. Deliberate differences from
torch's defaults, the same as in Fovea: weight decay applies to weights and not to biases; OneCycleLR leaves the momentum
alone (cycle_momentum=False) and follows the default anneal; warm-up multiplies step s of the first W by (s + 1) / W.
"""
import math
import sys
import torch

torch.set_default_dtype(torch.float64)
MASK = (1 << 64) - 1
STEPS, PER_EPOCH, EPOCHS, BATCH = 50, 5, 10, 4


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def uniform(stream, i):
    golden = 0x9E3779B97F4A7C15
    x = mix((mix((1 + golden * (stream + 1)) & MASK) + golden * (i + 1)) & MASK)
    return (x >> 11) * 2.0 ** -52 - 1.0


def tensor(stream, *shape):
    n = math.prod(shape)
    return torch.tensor([uniform(stream, i) for i in range(n)]).view(*shape)


# name: (Fovea's options, optimizer, schedule, clip, smoothing)
LR = 0.1
CASES = {
    "sgd": ("lr 0.1 momentum 0", lambda p: torch.optim.SGD(p, LR), None, 0, 0),
    "momentum": ("lr 0.1 momentum 0.9", lambda p: torch.optim.SGD(p, LR, momentum=.9), None, 0, 0),
    "nesterov": ("lr 0.1 momentum 0.9 nesterov", lambda p: torch.optim.SGD(p, LR, momentum=.9, nesterov=True), None, 0, 0),
    "sgd-decay": ("lr 0.1 momentum 0.9 weight-decay 0.01", lambda p: torch.optim.SGD(p, LR, momentum=.9, weight_decay=.01),
                  None, 0, 0),
    "adam": ("lr 0.1 optimizer adam", lambda p: torch.optim.Adam(p, LR), None, 0, 0),
    "adam-decay": ("lr 0.1 optimizer adam weight-decay 0.01 beta1 0.8 beta2 0.99 eps 1e-6",
                   lambda p: torch.optim.Adam(p, LR, betas=(.8, .99), eps=1e-6, weight_decay=.01), None, 0, 0),
    "adamw": ("lr 0.1 optimizer adamw weight-decay 0.05", lambda p: torch.optim.AdamW(p, LR, weight_decay=.05), None, 0, 0),
    "clip": ("lr 0.1 momentum 0.9 clip 0.3", lambda p: torch.optim.SGD(p, LR, momentum=.9), None, .3, 0),
    "smoothing": ("lr 0.1 momentum 0.9 label-smoothing 0.1", lambda p: torch.optim.SGD(p, LR, momentum=.9), None, 0, .1),
    "step": ("lr 0.1 momentum 0.9 schedule step step-epochs 3 gamma 0.5", lambda p: torch.optim.SGD(p, LR, momentum=.9),
             ("epoch", lambda o: torch.optim.lr_scheduler.StepLR(o, 3, .5)), 0, 0),
    "multistep": ("lr 0.1 momentum 0.9 schedule multistep milestones 2,5,9 gamma 0.3",
                  lambda p: torch.optim.SGD(p, LR, momentum=.9),
                  ("epoch", lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [2, 5, 9], .3)), 0, 0),
    "cosine": ("lr 0.1 momentum 0.9 schedule cosine final-lr 0.001", lambda p: torch.optim.SGD(p, LR, momentum=.9),
               ("step", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS, .001)), 0, 0),
    "one-cycle": ("lr 0.1 momentum 0.9 schedule one-cycle", lambda p: torch.optim.SGD(p, LR, momentum=.9),
                  ("step", lambda o: torch.optim.lr_scheduler.OneCycleLR(o, LR, STEPS, cycle_momentum=False)), 0, 0),
    "warmup": ("lr 0.1 momentum 0.9 warmup 2", lambda p: torch.optim.SGD(p, LR, momentum=.9),
               ("step", lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda s: min(1, (s + 1) / (2 * PER_EPOCH)))), 0, 0),
}


def run(make, schedule, clip, smoothing):
    params = [tensor(0, 5, 6) * .5, tensor(1, 5) * .1, tensor(2, 3, 5) * .5, tensor(3, 3) * .1]
    for p in params:
        p.requires_grad_(True)
    optimizer = make([{"params": [params[0], params[2]]}, {"params": [params[1], params[3]], "weight_decay": 0}])
    scheduler = schedule[1](optimizer) if schedule else None
    rates = []
    for s in range(STEPS):
        x = tensor(100 + s, BATCH, 6)
        labels = torch.tensor([(s * 5 + n * 2 + s // 3) % 3 for n in range(BATCH)])
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        y = torch.tanh(x @ params[0].T + params[1]) @ params[2].T + params[3]
        torch.nn.functional.cross_entropy(y, labels, label_smoothing=smoothing).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(params, clip)
        optimizer.step()
        if scheduler and (schedule[0] == "step" or (s + 1) % PER_EPOCH == 0):
            scheduler.step()
    return rates, params


with open(sys.argv[1], "w") as out:
    out.write("# torch %s; a case: name, options, 50 rates, 53 weights\n" % torch.__version__)
    for name, (options, *how) in CASES.items():
        rates, params = run(*how)
        out.write("case %s\n%s\n" % (name, options))
        for values in rates, [v for p in params for v in p.detach().flatten().tolist()]:
            out.write(" ".join("%.17g" % v for v in values) + "\n")
