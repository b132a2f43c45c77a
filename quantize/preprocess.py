# SPDX-License-Identifier: Apache-2.0
"""What was done to samples before the network sees them, remembered in the model's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from edgeinfer.errors import DataError
from edgeinfer.graph import Array

METADATA_KEY = "edgeinfer.preprocess"
FITS = ("crop", "pad", "stretch")


@dataclass(frozen=True)
class Preprocess:
    """value / scale + offset, and how images are fitted to the input's size."""

    scale: float = 1.0
    offset: float = 0.0
    fit: str = "crop"  # the middle; "pad" with black; "stretch" to the input's proportions
    frontend: str = ""  # .tflite that makes features of sound, for a folder of WAV files
    hop: int = 0  # samples of sound from one of its windows to the next; 0: a whole window

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise DataError(
                f"There is no way '{self.fit}' to fit images.", f"Use {', '.join(FITS)}."
            )
        if not np.isfinite((self.scale, self.offset)).all() or self.scale == 0:
            raise DataError(
                f"Samples cannot be divided by {self.scale}, with {self.offset} added.",
                "Give finite numbers, the scale not 0.",
            )

        if self.hop < 0:
            raise DataError(f"Windows cannot be {self.hop} samples apart.", "Give 1 or more.")

    def apply(self, values: Array) -> Array:
        """Samples as float32, scaled; unchanged if there is nothing to do."""
        if (self.scale, self.offset) == (1.0, 0.0) or values.dtype.kind not in "fiu":
            return values
        return values.astype(np.float32) / np.float32(self.scale) + np.float32(self.offset)

    def as_metadata(self) -> dict[str, bytes]:
        """The entry for a model's metadata; none if samples are taken as they are."""
        if self == Preprocess():
            return {}
        return {METADATA_KEY: json.dumps(asdict(self)).encode()}


def remembered(metadata: Mapping[str, bytes]) -> Preprocess:
    """What a model's metadata says; nothing to do, if nothing that makes sense."""
    try:
        return Preprocess(**json.loads(metadata[METADATA_KEY]))
    except (KeyError, ValueError, TypeError, DataError):
        return Preprocess()
