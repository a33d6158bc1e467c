#!/usr/bin/python3
"""The peer: PyTorch trains the CIFAR-10 networks by the recipe that Fovea's own `train` follows.

    bench/peers/cifar10.py NET DATA --out FOLDER [--seed N] [--epochs N] [--lr X] [--schedule one-cycle|paper] [--threads N]

NET is resnet-N or plain-N (N = 20, 32, 44, 56, 110; shortcuts without parameters), DATA the folder with CIFAR-10's binary
files. The same in both: all 50,000 pictures, less the channels' mean and divided by their deviation; a cut out of 4 black
pixels around and a mirror image every other time; batch 128, the short last one included; weights from He's normal
distribution, the last layer's bias 0; SGD with momentum .9, weight decay 1e-4 on weights and not on batch norm and bias;
the rate set anew each step. `one-cycle` is torch's OneCycleLR with its defaults and the momentum left alone; `paper` is a
tenth of the rate after 82 and 123 epochs.

FOLDER/results.csv gets a line an epoch (epoch, train_loss, train_top1, test_loss, test_top1, seconds of training). The run
goes on where it was stopped when it is started again: order, cuts and mirror images are functions of seed and epoch, and
weights, momenta and place are kept every two minutes. Give a finished FOLDER to see its last line."""
import argparse
import csv
import os
import pathlib
import sys
import time

MEAN, DEVIATION = (.4914, .4822, .4465), (.247, .2435, .2616)
BATCH, CROP, MOMENTUM, DECAY, SAVE_SECONDS = 128, 4, .9, 1e-4, 120
COLUMNS = ["epoch", "train_loss", "train_top1", "test_loss", "test_top1", "seconds"]


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


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("net")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=164)
    parser.add_argument("--lr", type=float, default=.1)
    parser.add_argument("--schedule", choices=["one-cycle", "paper"], default="paper")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def network(name):
    import torch
    from torch import nn

    kind, layers = name.split("-")
    if kind not in ("resnet", "plain") or (int(layers) - 2) % 6:
        sys.exit(f"{name}: wanted resnet-N or plain-N with N = 6n + 2")

    class Block(nn.Module):
        """Two convolutions, with a shortcut where the net is residual; new channels of a shortcut are zero."""

        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.stride, self.more = stride, outputs - inputs

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            if kind == "plain":
                return torch.relu(y)
            if self.more or self.stride > 1:
                x = nn.functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.more))
            return torch.relu(x + y)

    blocks, channels = [], 16
    for stage, width in enumerate((16, 32, 64)):
        for block in range((int(layers) - 2) // 6):
            blocks.append(Block(channels, width, 2 if stage and not block else 1))
            channels = width
    net = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return net


def read(paths):
    """Pixels [N, 3, 32, 32] and labels of CIFAR-10's rows."""
    import torch

    rows = torch.cat([torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8).view(-1, 3073)
                      for path in sorted(paths)])
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].long()


def scaled(pixels):
    import torch

    shape = (1, 3, 1, 1)
    return (pixels / 255 - torch.tensor(MEAN).view(shape)) / torch.tensor(DEVIATION).view(shape)


class Epoch:
    """Order, cuts and mirror images of an epoch, drawn from the seed."""

    def __init__(self, pixels, labels, seed, epoch):
        import torch

        draw, count = torch.Generator().manual_seed(1000 * seed + epoch), len(labels)
        self.padded, self.labels = pixels, labels
        self.order = torch.randperm(count, generator=draw)
        self.place = torch.randint(2 * CROP + 1, (2, count), generator=draw)
        self.flip = torch.randint(2, (count,), generator=draw).bool()

    def batch(self, step):
        import torch

        chosen = self.order[step * BATCH:(step + 1) * BATCH]
        side = torch.arange(32)
        columns = torch.where(self.flip[chosen, None], 31 - side, side) + self.place[1, chosen, None]
        rows = side + self.place[0, chosen, None]
        pixels = self.padded[chosen[:, None, None], :, rows[:, :, None], columns[:, None, :]] # [n, 32, 32, 3]
        return scaled(pixels.permute(0, 3, 1, 2)), self.labels[chosen]


def measure(net, pixels, labels):
    import torch

    loss = right = 0
    net.eval()
    with torch.inference_mode():
        for begin in range(0, len(labels), 500):
            y, wanted = net(scaled(pixels[begin:begin + 500])), labels[begin:begin + 500]
            loss += torch.nn.functional.cross_entropy(y, wanted, reduction="sum").item()
            right += (y.argmax(1) == wanted).sum().item()
    net.train()
    return loss / len(labels), right / len(labels)


def main():
    args = arguments()
    settle(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    net = network(args.net).to(memory_format=torch.channels_last) # as batches are, and faster
    pixels, labels = read(args.data.glob("data_batch_*.bin"))
    test_pixels, test_labels = read([args.data / "test_batch.bin"])
    pixels = torch.nn.functional.pad(pixels, (CROP,) * 4)
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() == 1]
    optimizer = torch.optim.SGD([{"params": weights, "weight_decay": DECAY}, {"params": others}], args.lr, MOMENTUM)
    steps = (len(labels) + BATCH - 1) // BATCH
    if args.schedule == "one-cycle":
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, epochs=args.epochs, steps_per_epoch=steps,
                                                       cycle_momentum=False)
    else:
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [82 * steps, 123 * steps])

    args.out.mkdir(parents=True, exist_ok=True)
    results, kept = args.out / "results.csv", args.out / "checkpoint.pt"
    at = {"epoch": 0, "step": 0, "loss": 0., "right": 0, "seconds": 0.}
    parts = {"net": net, "optimizer": optimizer, "schedule": schedule}
    if kept.exists():
        saved = torch.load(kept)
        at = saved.pop("at")
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    else:
        results.write_text(",".join(COLUMNS) + "\n")

    def save():
        fresh = kept.with_suffix(".new")
        torch.save({"at": at, **{name: part.state_dict() for name, part in parts.items()}}, fresh)
        os.replace(fresh, kept)

    saved_at = time.monotonic()
    while at["epoch"] < args.epochs:
        epoch = Epoch(pixels, labels, args.seed, at["epoch"])
        while at["step"] < steps:
            start = time.monotonic()
            x, y = epoch.batch(at["step"])
            optimizer.zero_grad(set_to_none=True)
            logits = net(x)
            loss = torch.nn.functional.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            schedule.step() if at["step"] + at["epoch"] * steps + 1 < args.epochs * steps else None
            at["loss"] += loss.item() * len(y)
            at["right"] += (logits.argmax(1) == y).sum().item()
            at["step"] += 1
            at["seconds"] += time.monotonic() - start
            if time.monotonic() - saved_at > SAVE_SECONDS:
                save()
                saved_at = time.monotonic()
        test_loss, test_top1 = measure(net, test_pixels, test_labels)
        row = [at["epoch"] + 1, at["loss"] / len(labels), at["right"] / len(labels), test_loss, test_top1, at["seconds"]]
        lines = results.read_text().splitlines()[:at["epoch"] + 1]
        results.write_text("\n".join([*lines, ",".join(f"{v:.6g}" for v in row)]) + "\n")
        at.update(epoch=at["epoch"] + 1, step=0, loss=0., right=0)
        save()
    with results.open() as file:
        print(args.net, args.seed, list(csv.DictReader(file))[-1])


if __name__ == "__main__":
    main()
