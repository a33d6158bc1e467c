#!/usr/bin/env python3
"""Write a small data set in MNIST's format for the cases of the command, and spoil it on demand.

    small_data.py FOLDER [packed] [FLAW...]

200 pictures to train on and 50 to test on, ten classes: a bright bar whose place tells the class, over noise. Flaws:
magic     the training pictures begin with another number
short     the training pictures end in the middle
counts    one label is missing
label     a label of 10, where classes end with 9
gzip      the packed training pictures are cut short
crc       a byte of the packed training pictures is another"""
import gzip
import pathlib
import struct
import sys

SIDE = 28


def picture(label, index):
    state, rows = index * 2654435761 + 12345, []
    for row in range(SIDE):
        for column in range(SIDE):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            bar = 2 + 2 * label <= column < 5 + 2 * label and 4 <= row < 24
            rows.append((200 if bar else 0) + (state >> 16) % 40)
    return bytes(rows)


def pictures(count, first):
    return struct.pack(">4I", 0x803, count, SIDE, SIDE) + b"".join(picture(i % 10, first + i) for i in range(count))


def labels(count):
    return struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count))


def main():
    folder, words = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
    files = {"train-images-idx3-ubyte": pictures(200, 0), "train-labels-idx1-ubyte": labels(200),
             "t10k-images-idx3-ubyte": pictures(50, 1000), "t10k-labels-idx1-ubyte": labels(50)}
    images, names = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    if "magic" in words:
        files[images] = struct.pack(">I", 0x804) + files[images][4:]
    if "short" in words:
        files[images] = files[images][:1000]
    if "counts" in words:
        files[names] = labels(199)
    if "label" in words:
        files[names] = files[names][:-1] + b"\x0a"
    if "packed" in words:
        files = {name + ".gz": gzip.compress(data, mtime=0) for name, data in files.items()}
        if "gzip" in words:
            files[images + ".gz"] = files[images + ".gz"][:-2000]
        if "crc" in words:
            data = bytearray(files[images + ".gz"])
            data[-5] ^= 1
            files[images + ".gz"] = bytes(data)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


main()
