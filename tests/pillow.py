"""numpy, Pillow's Image and ImageFilter, for tests that compare with them, and what such tests share. Where this Python lacks
them and the system's has them, the test starts again with that one; where none has, it is skipped."""
import json
import os
import struct
import sys

SYSTEM = "/usr/bin/python3"
try:
    import numpy as np
    from PIL import Image, ImageFilter
except ImportError:
    if os.access(SYSTEM, os.X_OK) and "FOVEA_PYTHON" not in os.environ:
        os.execve(SYSTEM, [SYSTEM] + sys.argv, dict(os.environ, FOVEA_PYTHON=SYSTEM))
    print("python3-pil and python3-numpy are not installed")
    sys.exit(77)

__all__ = ["np", "Image", "ImageFilter", "Tally", "save"]


def save(path, tensors):
    """A safetensors file of floats."""
    header, data = {}, b""
    for name, values in tensors.items():
        raw = np.asarray(values, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(values)), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Tally:
    """Named checks; the last line counts them."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED {name} {why}")

    def skip(self, why):
        self.skipped += 1
        print(why)

    def exit(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(bool(self.failed))
