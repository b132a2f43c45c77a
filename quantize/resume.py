# SPDX-License-Identifier: Apache-2.0
"""What finished stages leave behind, so that an interrupted run goes on where it ended.

A folder for each combination of network, samples and settings, under a hash of them all: nothing in
it can belong to another run. It is removed when the run is done."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import edgeinfer
from edgeinfer.graph import Array, Graph


def fingerprint(graph: Graph, samples: Sequence[Array], settings: Mapping[str, Any]) -> str:
    """A hash of all that a run's result depends on."""
    digest = hashlib.sha256()
    words = [edgeinfer.__version__, json.dumps(dict(settings), sort_keys=True)]
    words += [repr((n.op, n.inputs, n.outputs, sorted(n.options.items()))) for n in graph.nodes]
    words += [repr((t.shape, str(t.dtype))) for t in graph.tensors]
    digest.update("\n".join(words).encode())
    for array in (*(t.data for t in graph.tensors if t.data is not None), *samples):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


class Cache:
    """Arrays by the name of the stage that made them; without a folder, nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def part(self, name: str) -> Cache:
        """A cache of its own for stages that are run several times; it goes with this one."""
        return Cache(self._folder and self._folder / name)

    def load(self, stage: str) -> dict[str, Array] | None:
        """What the stage left, or None if it did not finish."""
        if self._folder is None:
            return None
        try:
            with np.load(self._folder / f"{stage}.npz", allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None  # never finished, or written by half: the stage is run again

    def save(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Keep what a stage made; a folder that cannot be written is no reason to stop."""
        if self._folder is None:
            return
        whole, part = self._folder / f"{stage}.npz", self._folder / f".{stage}.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                np.savez(stream, **arrays)
            part.replace(whole)
        except OSError:
            return

    def clear(self) -> None:
        """Remove everything: the run is done."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
