# SPDX-License-Identifier: Apache-2.0
"""What every graph must fulfil, whether it comes from a file or goes into one."""

from __future__ import annotations

import math

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Graph, Node, Tensor

MAX_RANK = 8
MAX_BYTES = 2**31 - 1  # of a tensor, and of a file: flatbuffer offsets are signed 32-bit numbers

_AGAIN = "The model is damaged or its converter is faulty: download or convert it again."


def damaged(what: str) -> ModelError:
    """The error for a model that contradicts itself."""
    return ModelError(what, _AGAIN)


def check_graph(graph: Graph) -> None:
    """Check a graph and its subgraphs. Raises ModelError naming the tensor or layer at fault."""
    for part in (graph, *graph.subgraphs):
        for tensor in part.tensors:
            check_tensor(tensor)
        _check_order(part)
    for signature in graph.signatures:
        index = signature["subgraph"]
        if not 0 <= index <= len(graph.subgraphs):
            raise damaged(f"Signature '{signature['key']}' belongs to no subgraph.")
        part = graph if index == 0 else graph.subgraphs[index - 1]
        for tensors in (signature["inputs"], signature["outputs"]):
            for name, tensor_index in tensors.items():
                if not 0 <= tensor_index < len(part.tensors):
                    raise damaged(f"Signature '{signature['key']}': '{name}' is no tensor.")


def check_shape(name: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
    """Check a tensor's rank and size. Raises ModelError."""
    if len(shape) > MAX_RANK:
        raise damaged(f"Tensor '{name}' has {len(shape)} dimensions; {MAX_RANK} are the most.")
    if any(size < 0 for size in shape):
        raise damaged(f"Tensor '{name}' has a negative dimension in its shape {list(shape)}.")
    if math.prod(shape) * dtype.itemsize > MAX_BYTES:
        raise damaged(f"Tensor '{name}' of shape {list(shape)} is larger than 2 GB.")


def check_tensor(tensor: Tensor) -> None:
    """Check a tensor's shape, data and quantization. Raises ModelError."""
    name, shape, data, quant = tensor.name, tensor.shape, tensor.data, tensor.quant
    check_shape(name, shape, tensor.dtype)
    if data is not None and (data.shape != shape or data.dtype != tensor.dtype):
        raise damaged(
            f"Constant '{name}' is said to be {tensor.dtype}{list(shape)} "
            f"but its data are {data.dtype}{list(data.shape)}."
        )
    if data is not None and tensor.is_variable:
        raise damaged(f"Tensor '{name}' is both a constant and a variable.")
    if quant is None:
        return
    scales, zero_points = quant.scale.size, quant.zero_point.size
    if quant.scale.ndim != 1 or quant.zero_point.ndim != 1 or not 0 < scales == zero_points:
        raise damaged(f"Tensor '{name}' has {scales} scales and {zero_points} zero points.")
    if not (np.isfinite(quant.scale).all() and (quant.scale > 0).all()):
        raise damaged(f"Tensor '{name}' has a scale that is not a positive number.")
    small = tensor.dtype.kind in "iu" and tensor.dtype.itemsize < 4
    limits = np.iinfo(tensor.dtype if small else np.int32)  # images have 32 bits for it
    if not ((quant.zero_point >= limits.min) & (quant.zero_point <= limits.max)).all():
        raise damaged(f"Tensor '{name}' has a zero point outside of {limits.dtype}.")
    if not 0 <= quant.axis < max(1, len(shape)):
        raise damaged(f"Tensor '{name}' has no dimension {quant.axis} for its scales.")
    if quant.per_channel and (not shape or shape[quant.axis] != scales):
        raise damaged(
            f"Tensor '{name}' of shape {list(shape)} has {scales} scales, "
            "which fit none of its dimensions."
        )


def _check_order(graph: Graph) -> None:
    """Each index names a tensor, and each activation is made once, before its first use."""
    count = len(graph.tensors)
    for what, tensors in (("an input", graph.inputs), ("an output", graph.outputs)):
        if not all(0 <= t < count for t in tensors):
            raise damaged(f"The model has {what} that is no tensor.")
    for t in graph.inputs:
        if graph.tensors[t].data is not None:
            raise damaged(f"The model's input '{graph.tensors[t].name}' is a constant.")
    known = {i for i, t in enumerate(graph.tensors) if t.data is not None or t.is_variable}
    constant = {i for i, t in enumerate(graph.tensors) if t.data is not None}
    known |= set(graph.inputs)
    made: set[int] = set(graph.inputs)
    for position, node in enumerate(graph.nodes):
        _check_node(graph, node, f"Layer {position} ({node.op})")
        for t in node.inputs:
            if t >= 0 and t not in known:
                raise damaged(
                    f"Layer {position} ({node.op}) reads tensor '{graph.tensors[t].name}' "
                    "before any layer has made it."
                )
        for t in node.outputs:
            if t in constant or (t in made and not graph.tensors[t].is_variable):
                raise damaged(
                    f"Layer {position} ({node.op}) overwrites tensor '{graph.tensors[t].name}'."
                )
            made.add(t)
            known.add(t)
    for t in graph.outputs:
        if t not in known:
            raise damaged(f"No layer makes the output '{graph.tensors[t].name}'.")


def _check_node(graph: Graph, node: Node, where: str) -> None:
    count = len(graph.tensors)
    if not all(-1 <= t < count for t in node.inputs):
        raise damaged(f"{where} has an input that is no tensor.")
    if not all(0 <= t < count for t in (*node.outputs, *node.options.get("intermediates", ()))):
        raise damaged(f"{where} has an output that is no tensor.")
