"""Make small folders of pictures: photos.py FOLDER COUNT CLASS... writes COUNT PPMs of 12x12 pixels a class, of a colour and
with noise of their own."""
import pathlib
import random
import sys

folder, count, classes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
random.seed(folder.name)  # not where the folder lies, which differs from run to run
for number, name in enumerate(classes):
    (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        mean = [200 if c == number % 3 else 60 for c in range(3)]
        pixels = bytes(min(255, max(0, m + random.randrange(-50, 50))) for _ in range(144) for m in mean)
        (folder / name / f"{i:03}.ppm").write_bytes(b"P6\n12 12\n255\n" + pixels)
