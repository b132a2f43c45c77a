# SPDX-License-Identifier: Apache-2.0
"""Calibration samples: read from files, folders of images and functions, and refused when they
cannot be right."""

from __future__ import annotations

import importlib
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import audio, images
from edgeinfer.quantize.preprocess import Preprocess
from edgeinfer.quantize.shapes import LABELS, choose, fit, labels_of

FEW = 10  # fewer samples than this deserve a warning
FUNCTION = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")  # a module's
_FORMATS = "Save arrays with numpy.savez(file, x=samples) or numpy.save(file, samples)."


@dataclass(frozen=True)
class Samples:
    """Checked samples of a model."""

    inputs: tuple[Array, ...]  # for each input of the graph: float32 [n, …]
    labels: Array | None = None  # int64 [n]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs[0])

    def without(self, rows: Sequence[int]) -> Samples:
        """All samples but these."""
        labels = None if self.labels is None else np.delete(self.labels, rows)
        inputs = tuple(np.delete(x, rows, 0) for x in self.inputs)
        return Samples(inputs, labels, self.warnings)

    def followed_by(self, others: Samples) -> Samples:
        """These samples and then the others, of the same model."""
        labels = self.labels
        if labels is not None and others.labels is not None:
            labels = np.concatenate([labels, others.labels])
        pairs = zip(self.inputs, others.inputs, strict=True)
        return Samples(tuple(np.concatenate(pair) for pair in pairs), labels, self.warnings)

    def first(self, count: int) -> Samples:
        """The first `count` samples only."""
        labels = None if self.labels is None else self.labels[:count]
        return Samples(tuple(x[:count] for x in self.inputs), labels, self.warnings)


def load(
    path: str | os.PathLike[str], graph: Graph, preprocess: Preprocess | None = None
) -> Samples:
    """The samples (and labels, if there) of a file, folder or function, checked against
    the graph's inputs and scaled by `preprocess`.

    .npy: the array of a model with one input. .npz: `x`, or the only array whose shape fits; for
    several inputs one array by the name of each; labels as `y`. Raises DataError saying what is
    missing or wrong."""
    file, how = Path(path), preprocess or Preprocess()
    if file.is_dir():
        if len(graph.inputs) != 1:
            raise DataError(f"'{file}' is a folder, for several inputs.", _FORMATS)
        arrays: Mapping[str, Array]
        reader = audio.read_folder if audio.is_audio(file) else images.read_folder
        arrays = {"x": reader(file, graph.tensors[graph.inputs[0]], how)}
    elif (named := FUNCTION.fullmatch(str(path))) is not None:
        arrays = call(named[1], named[2])
    else:
        arrays = read(file)
    try:
        return check(graph, {k: v if k in LABELS else how.apply(v) for k, v in arrays.items()})
    except DataError as error:
        raise DataError(f"{file}: {error.what}", error.remedy) from error


def check(graph: Graph, arrays: Array | Mapping[str, Array]) -> Samples:
    """Arrays by name (or the one array) as samples of the graph; integers become float32.

    Raises DataError if there are no samples, or shape, type or values cannot be right."""
    named = arrays if isinstance(arrays, Mapping) else {"x": np.asarray(arrays)}
    warnings: list[str] = []
    inputs: list[Array] = []
    for index, array in zip(graph.inputs, choose(graph, named), strict=True):
        tensor = graph.tensors[index]
        inputs.append(_values(fit(array, tensor), tensor.name, warnings))
    counts = {len(x) for x in inputs}
    if len(counts) > 1:
        raise DataError(
            f"The inputs have different numbers of samples: {[len(x) for x in inputs]}.",
            "Give as many samples for each input.",
        )
    count = counts.pop()
    if count < FEW:
        warnings.append(
            f"Only {count} sample{'s' if count > 1 else ''}: the ranges may not hold for others. "
            "Use 100 or more."
        )
    elif all(np.array_equal(x, np.broadcast_to(x[:1], x.shape)) for x in inputs):
        warnings.append(f"All {count} samples are the same. Use different ones.")
    found = next((named[name] for name in LABELS if name in named), None)
    return Samples(tuple(inputs), labels_of(found, count), tuple(warnings))


def call(module: str, function: str) -> dict[str, Array]:
    """What a Python function returns: arrays by name, or one of samples, "x".

    The module is looked for in the current folder first. Raises DataError if there is no such
    function, it fails, or it returns something else."""
    remedy = "Give MODULE:FUNCTION of a function that returns samples and needs no arguments."
    made = users_own(module, function, remedy)()
    if isinstance(made, Mapping):
        return {str(k): np.asarray(v) for k, v in made.items()}
    return {"x": np.asarray(made)}


def users_own(module: str, function: str, remedy: str) -> Callable[..., Any]:
    """A function of the user's, with its module's folder on the path while it runs.

    The module is looked for in the current folder first. Whatever goes wrong is a DataError with
    this remedy."""
    where = str(Path.cwd())

    def run(*arguments: Any) -> Any:
        sys.path.insert(0, where)
        try:
            return getattr(importlib.import_module(module), function)(*arguments)
        except Exception as error:  # the user's code may raise anything
            raise DataError(
                f"The function {function}() of module '{module}' cannot be used: "
                f"{type(error).__name__}: {error}.",
                remedy,
            ) from error
        finally:
            sys.path.remove(where)

    return run


def read(file: Path) -> dict[str, Array]:
    """The arrays of a .npz file by name; the only one of a .npy is "x".

    Raises DataError if there is no such file, or it holds something else."""
    if not file.exists():
        raise DataError(f"There is no file '{file}'.", "Give the path of a .npz or .npy file.")
    try:
        with file.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"x": loaded}
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"Cannot read '{file}': {reason}.", _FORMATS) from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"'{file}' is a damaged .npz file.", "Save or copy it again.") from error
    except (ValueError, EOFError, KeyError, MemoryError, NotImplementedError) as error:
        raise DataError(f"'{file}' is not a .npz or .npy file of numbers.", _FORMATS) from error


def _values(x: Array, name: str, warnings: list[str]) -> Array:
    """Samples as float32. Raises DataError if they are not finite numbers that vary."""
    if x.dtype.kind not in "fiu":
        raise DataError(
            f"The samples for input '{name}' are of type {x.dtype}.", "Give float32 numbers."
        )
    if not len(x):
        raise DataError(f"There are no samples for input '{name}'.", "Give 100 or so.")
    if x.dtype.kind in "iu":
        warnings.append(
            f"The samples for input '{name}' are {x.dtype} numbers from {x.min()} to {x.max()}, "
            "taken as they are. If the network was trained on scaled ones, scale them first "
            "(--scale 255, say)."
        )
    elif x.size and x.min() >= 0 and 128 < x.max() <= 255:
        warnings.append(
            f"The samples for input '{name}' reach from {x.min():g} to {x.max():g}, like the bytes "
            "of images. If the network was trained on 0 to 1 or −1 to 1, scale them: "
            "--scale 255, or --scale 127.5 --offset -1."
        )
    with np.errstate(over="ignore"):
        y = np.ascontiguousarray(x, np.float32)
    require_finite(y, name)
    if y.size > 1 and y.min() == y.max():
        raise DataError(
            f"All values for input '{name}' are {float(y.flat[0]):g}.",
            "Give real samples: a constant input says nothing about ranges.",
        )
    return y


def require_finite(x: Array, name: str) -> None:
    """Raises DataError if a sample of [n, …] holds NaN or infinity."""
    bad = ~np.isfinite(x).reshape(len(x), -1).all(1)
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {len(x)} samples for input '{name}' hold NaN or infinity "
            f"(the first is sample {int(bad.argmax())}).",
            "Remove or repair them.",
        )
