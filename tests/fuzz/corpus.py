# SPDX-License-Identifier: Apache-2.0
"""Inputs that are worth keeping: from the operators' random models, and those that fuzzing found.

A corpus is a ZIP archive. That of images has the list of kernels it was made with, since an image
names a kernel by its number."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np

from edgeinfer import native, tflite
from edgeinfer.image.layout import SHORT, STEP, VERSION
from edgeinfer.image.read import field_at, vector
from tests.csrc.images import all_images
from tests.ops.cases import CASES

FOLDER = Path(__file__).parent
KERNELS = "kernels.txt"


def seeds(kind: str) -> list[bytes]:
    """Sound inputs that use every operator: images, or models."""
    if kind == "image":
        return list(all_images().values())
    rngs = [(make, np.random.default_rng([7, *op.encode()])) for op, make in CASES.items()]
    return [tflite.write(make(rng)) for make, rng in rngs for _ in range(2)]


def load(kind: str) -> list[bytes]:
    """The kept corpus; images with the version and the kernels' numbers of today."""
    with zipfile.ZipFile(FOLDER / f"{kind}.zip") as archive:
        inputs = [archive.read(name) for name in archive.namelist() if name != KERNELS]
        if kind == "image":
            kernels = archive.read(KERNELS).decode().split()
            inputs = [of_today(image, kernels) for image in inputs]
    return inputs


def of_today(image: bytes, kernels: list[str]) -> bytes:
    """An image whose kernels had the numbers of this list, as of this version of the format."""
    today, changed = list(native.kernel_names()), bytearray(image)
    try:
        steps = vector(changed, "steps", STEP.size)
        short = vector(changed, "short_steps", SHORT.size)
        if version := field_at(changed, "version"):
            struct.pack_into("<I", changed, version, VERSION)
    except (struct.error, OverflowError):
        return image  # too damaged to have steps
    for items, size, form in ((steps, STEP.size, "<H"), (short, SHORT.size, "<B")):
        for at in range(0, len(items) - size + 1, size):
            (number,) = struct.unpack_from(form, items, at)
            if number < len(kernels) and kernels[number] in today:
                struct.pack_into(form, items, at, today.index(kernels[number]))
    return bytes(changed)


def save(kind: str, folder: Path) -> None:
    """Keep the files of a folder instead of those kept so far."""
    with zipfile.ZipFile(FOLDER / f"{kind}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        if kind == "image":
            z.writestr(zipfile.ZipInfo(KERNELS), "\n".join(native.kernel_names()))
        for path in sorted(folder.iterdir()):
            z.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)


def unpack(inputs: list[bytes], folder: Path) -> None:
    """Write each input to a file that is named by its contents."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
