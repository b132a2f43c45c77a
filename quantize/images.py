# SPDX-License-Identifier: Apache-2.0
"""A folder of images as samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Tensor
from edgeinfer.quantize.preprocess import Preprocess

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def read_folder(folder: Path, tensor: Tensor, preprocess: Preprocess) -> Array:
    """All images below a folder, in the order of their names: float32 [n, h, w, c], 0 to 255.

    Fitted to the input's size as `preprocess` says; grey if the input has one channel. Raises
    DataError if there are none, one cannot be read, or the input does not take images."""
    if len(tensor.shape) != 4 or tensor.shape[3] not in (1, 3):
        raise DataError(
            f"The input '{tensor.name}' of shape {tensor.shape} takes no images.",
            "Save samples as .npz or .npy.",
        )
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(
            f"There are no images in '{folder}'.", f"Known: {' '.join(sorted(SUFFIXES))}."
        )
    library = _pillow()
    _, height, width, channels = tensor.shape
    found = np.empty((len(files), height, width, channels), np.float32)
    for i, file in enumerate(files):
        try:
            with library.open(file) as image:
                fitted = _fitted(
                    image.convert("L" if channels == 1 else "RGB"), width, height, preprocess
                )
                found[i] = np.asarray(fitted, np.float32).reshape(height, width, channels)
        except (OSError, ValueError, SyntaxError) as error:
            raise DataError(f"Cannot read the image '{file}'.", "Remove or replace it.") from error
    return found


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            "Reading images needs Pillow.", "Install it with: pip install 'edgeinfer[images]'"
        ) from error
    return Image


def _fitted(image: Any, width: int, height: int, preprocess: Preprocess) -> Any:
    """The image in the input's size."""
    bilinear = 2  # Image.Resampling.BILINEAR
    if preprocess.fit == "stretch":
        return image.resize((width, height), bilinear)
    ratios = width / image.width, height / image.height
    ratio = max(ratios) if preprocess.fit == "crop" else min(ratios)
    size = max(round(image.width * ratio), 1), max(round(image.height * ratio), 1)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    # A crop beyond the image's border is filled with black.
    return image.resize(size, bilinear).crop((left, top, left + width, top + height))
