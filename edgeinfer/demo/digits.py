# SPDX-License-Identifier: Apache-2.0
"""The handwritten digits of scikit-learn (8×8 grey), split into training and test images.

`python -m edgeinfer.demo.digits FOLDER` saves them as train.npz and test.npz."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import DataError

TEST_IMAGES = 500  # of 1797
WHITE = 16.0  # the data's greatest value

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def load() -> tuple[Images, Labels, Images, Labels]:
    """x_train [1297,8,8,1] in 0..1, y_train [1297], x_test [500,8,8,1], y_test [500].

    The split is always the same and stratified: the images are shuffled with a fixed seed, sorted
    by digit, and test images taken at even distances. Raises DataError without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DataError(
            "The digits data set needs scikit-learn, which is not installed.",
            "Run: pip install edgeinfer[train].",
        ) from error
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, 8, 8, 1) / WHITE).astype(np.float32)
    labels = labels.astype(np.int64)
    shuffled = np.random.RandomState(0).permutation(len(labels))
    by_digit = shuffled[np.argsort(labels[shuffled], kind="stable")]
    test = np.zeros(len(labels), bool)
    test[by_digit[np.arange(TEST_IMAGES) * len(labels) // TEST_IMAGES]] = True
    train = shuffled[~test[shuffled]]
    held_out = shuffled[test[shuffled]]
    return images[train], labels[train], images[held_out], labels[held_out]


def save(folder: Path) -> None:
    """Write train.npz and test.npz with samples x and labels y."""
    folder.mkdir(parents=True, exist_ok=True)
    x_train, y_train, x_test, y_test = load()
    np.savez_compressed(folder / "train.npz", x=x_train, y=y_train)
    np.savez_compressed(folder / "test.npz", x=x_test, y=y_test)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m edgeinfer.demo.digits FOLDER")
    save(Path(sys.argv[1]))
