"""Takes TensorFlow's libraries and C headers out of its wheel: extract.py FOLDER WHEEL."""

import os
import sys
import zipfile

folder, wheel = sys.argv[1:]
headers = ("tensorflow/include/tensorflow/c/", "tensorflow/include/tensorflow/core/platform/", "tensorflow/include/tsl/")
archive = zipfile.ZipFile(wheel)
for name in archive.namelist():
    if name.endswith("/"):
        continue
    if name.startswith("tensorflow/libtensorflow"):
        target = os.path.join(folder, "lib", os.path.basename(name))
    elif name.startswith(headers):
        target = os.path.join(folder, name[len("tensorflow/") :])
    else:
        continue
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with archive.open(name) as source, open(target, "wb") as out:
        while chunk := source.read(1 << 20):
            out.write(chunk)
