# SPDX-License-Identifier: Apache-2.0
"""Which array belongs to which input, and whether its shape fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.onnx.values import CHANNELS_FIRST

LABELS = ("y", "labels")


def choose(graph: Graph, arrays: Mapping[str, Array]) -> list[Array]:
    """The array for each input of the graph, in order.

    One input: `x`, its own name, or the only array whose shape fits. Several: each by its tensor's
    or its signature's name. For a model that had its channels first, arrays that only fit so are
    turned. Raises DataError if there is none, or more than one."""
    if CHANNELS_FIRST in graph.metadata:
        shapes = [graph.tensors[t].shape for t in graph.inputs]
        arrays = {name: _turned(array, shapes) for name, array in arrays.items()}
    names = [_names(graph, t) for t in graph.inputs]
    if len(names) > 1:
        chosen = [next((arrays[k] for k in own if k in arrays), None) for own in names]
        for own, array in zip(names, chosen, strict=True):
            if array is None:
                raise DataError(
                    f"There are no samples for input '{own[0]}' (found: {_list(arrays)}).",
                    f"Save them under the inputs' names: {', '.join(n[0] for n in names)}.",
                )
        return [array for array in chosen if array is not None]
    tensor = graph.tensors[graph.inputs[0]]
    for key in ("x", *names[0]):
        if key in arrays:
            return [arrays[key]]
    data = {k: v for k, v in arrays.items() if k not in LABELS}
    fitting = [v for v in data.values() if _fitted(v, tensor.shape) is not None]
    if len(fitting) == 1:
        return fitting
    if len(data) == 1:
        return list(data.values())  # its shape is then named as the error
    if not data:
        raise DataError("There are no samples.", "Save them as 'x'.")
    what = "none fits" if not fitting else "more than one fits"
    raise DataError(
        f"Of the arrays {_list(data)}, {what} the input {_wanted(tensor)}.",
        "Save the samples as 'x'.",
    )


def fit(array: Array, tensor: Tensor) -> Array:
    """Samples as [n, *the input's shape without its batch dimension].

    A single sample without batch dimension, and samples that each have a batch dimension of 1, are
    taken too. Raises DataError naming both shapes."""
    fitted = _fitted(array, tensor.shape)
    if fitted is None:
        raise DataError(
            f"The samples have shape {array.shape}, but input '{tensor.name}' takes "
            f"{_wanted(tensor)}.",
            "Reshape or resize the samples as for training.",
        )
    return fitted


def labels_of(array: Array | None, count: int) -> Array | None:
    """Labels as int64 [n]; one-hot rows become indices.

    Raises DataError if they are not whole numbers, or not as many as the samples."""
    if array is None:
        return None
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "fiub":
        array = array.argmax(1)
    flat = array.reshape(-1)
    if len(flat) != count:
        raise DataError(
            f"There are {len(flat)} labels for {count} samples.", "Give one label for each."
        )
    if flat.dtype.kind not in "fiub" or not np.array_equal(flat, np.round(flat)) or flat.min() < 0:
        raise DataError("The labels are not class numbers.", "Give 0, 1, 2 …, or none.")
    return np.asarray(flat, np.int64)


def _turned(array: Array, shapes: Sequence[tuple[int, ...]]) -> Array:
    """[n, c, …] as [n, …, c] if that fits an input, and the array itself none."""
    if array.ndim < 3 or any(_fitted(array, shape) is not None for shape in shapes):
        return array
    turned = np.moveaxis(array, 1, -1)
    fits = any(_fitted(turned, shape) is not None for shape in shapes)
    return np.ascontiguousarray(turned) if fits else array


def _fitted(array: Array, shape: tuple[int, ...]) -> Array | None:
    sample = shape[1:]
    if array.ndim == len(shape) and array.shape[1:] == sample:
        return array
    if sample and array.shape == sample:
        return array[None]
    if shape[0] == 1 and array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return array.reshape(-1, *sample)
    return None


def _names(graph: Graph, index: int) -> list[str]:
    """What an input may be called: its tensor's name, then its names in signatures."""
    inputs = [dict(signature.get("inputs", {})) for signature in graph.signatures]
    called = [name for names in inputs for name, t in names.items() if t == index]
    return [graph.tensors[index].name, *called]


def _wanted(tensor: Tensor) -> str:
    return f"[n, {', '.join(map(str, tensor.shape[1:]))}]"


def _list(arrays: Mapping[str, Array]) -> str:
    return ", ".join(f"{k} {v.shape}" for k, v in arrays.items()) or "no arrays"
