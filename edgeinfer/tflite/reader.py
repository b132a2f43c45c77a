# SPDX-License-Identifier: Apache-2.0
"""The bytes of a .tflite file → Graph; any bytes are safe to give."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.tflite.check import MAX_BYTES, check_graph, check_shape, damaged
from edgeinfer.tflite.flat import Decoder
from edgeinfer.tflite.options import read_options
from edgeinfer.tflite.order import from_file
from edgeinfer.tflite.schema import enum_names
from edgeinfer.tflite.types import is_int4, to_numpy, unpacked

IDENTIFIER = b"TFL3"
VERSION = 3

Table = Mapping[str, Any]


def read_bytes(data: bytes) -> Graph:
    """The graph of a .tflite file; constants are read-only views of the bytes.

    A quantized_dimension that does not fit is replaced by the only one that does. INT4 weights
    become int8, with which TFLite, too, computes. Raises ModelError
    if the bytes are no sound .tflite file, UnsupportedError if it holds what edgeinfer cannot."""
    if data[4:8] != IDENTIFIER:
        raise ModelError(
            "This is not a .tflite model: the identifier TFL3 is missing.",
            "Give a file that a TensorFlow Lite converter has written.",
        )
    if len(data) > MAX_BYTES:
        raise _large()
    model = Decoder(data).root("Model")
    if model["version"] != VERSION:
        raise UnsupportedError(
            f"The model has schema version {model['version']}; edgeinfer reads version {VERSION}.",
            "Convert the network again with a recent converter.",
        )
    buffers = [_buffer(table) for table in model.get("buffers", ())]
    opcodes = [_opcode(table) for table in model.get("operator_codes", ())]
    graphs = [_graph(table, opcodes, buffers) for table in model.get("subgraphs", ())]
    if not graphs:
        raise damaged("The model has no subgraph.")
    graph = replace(
        graphs[0],
        metadata={
            table.get("name", ""): _at(buffers, table["buffer"], "buffer").tobytes()
            for table in model.get("metadata", ())
        },
        signatures=tuple(_signature(table) for table in model.get("signature_defs", ())),
        subgraphs=tuple(graphs[1:]),
        description=model.get("description", ""),
    )
    check_graph(graph)
    return graph


def _large() -> UnsupportedError:
    return UnsupportedError(
        "The model keeps data beyond 2 GB.", "A microcontroller needs a smaller network."
    )


def _at(items: Sequence[Any], index: int, what: str) -> Any:
    if not 0 <= index < len(items):
        raise damaged(f"The model refers to {what} {index}, but has {len(items)}.")
    return items[index]


def _buffer(table: Table) -> Array:
    if table["offset"] > 1 or table["size"] > 1:  # data behind the flatbuffer
        raise _large()
    data: Array = table.get("data", np.zeros(0, np.uint8))
    return data


def _opcode(table: Table) -> tuple[str, int]:
    code = max(table["builtin_code"], table["deprecated_builtin_code"])
    name = enum_names("BuiltinOperator").get(code)
    if name is None:
        raise UnsupportedError(
            f"The model has operator {code}, which this schema does not know.",
            "Update the 'tflite' package: pip install -U tflite.",
        )
    if name == "CUSTOM":
        name = f"CUSTOM:{table.get('custom_code', '')}"
    return name, table["version"]


def _graph(table: Table, opcodes: Sequence[tuple[str, int]], buffers: Sequence[Array]) -> Graph:
    nodes = tuple(_node(operator, opcodes) for operator in table.get("operators", ()))
    inputs, outputs = _indices(table, "inputs"), _indices(table, "outputs")
    made = {*inputs, *(t for node in nodes for t in node.outputs)}
    tensors = tuple(
        _tensor(tensor, buffers, index in made)
        for index, tensor in enumerate(table.get("tensors", ()))
    )
    return Graph(tensors, nodes, inputs, outputs, table.get("name", ""))


def _indices(table: Table, key: str) -> tuple[int, ...]:
    vector = table.get(key)
    return () if vector is None else tuple(vector.tolist())


def _node(table: Table, opcodes: Sequence[tuple[str, int]]) -> Node:
    op, version = _at(opcodes, table["opcode_index"], "operator code")
    if table["large_custom_options_offset"] > 1:
        raise _large()
    kind, options = read_options(table)
    custom = table.get("custom_options", np.zeros(0, np.uint8)).tobytes()
    # Scratch tensors of recurrent operators; no options table has a field of this name.
    if intermediates := _indices(table, "intermediates"):
        options["intermediates"] = intermediates
    inputs = from_file(op, _indices(table, "inputs"))
    return Node(op, inputs, _indices(table, "outputs"), options, kind, custom, version)


def _tensor(table: Table, buffers: Sequence[Array], made: bool) -> Tensor:
    name, shape = table.get("name", ""), _indices(table, "shape")
    dtype = to_numpy(table["type"], name)
    check_shape(name, shape, dtype)
    if "sparsity" in table:
        raise UnsupportedError(
            f"Tensor '{name}' is stored as a sparse matrix.",
            "Convert the network without sparsity.",
        )
    raw = _at(buffers, table["buffer"], "buffer")
    size = math.prod(shape) * dtype.itemsize
    data: Array | None = None
    if is_int4(table["type"]):
        if made or table["is_variable"]:
            raise UnsupportedError(
                f"Tensor '{name}' is an activation of INT4.", "Only weights may be INT4."
            )
        if raw.size != (size + 1) // 2:
            raise damaged(f"Constant '{name}' has {raw.size} bytes for {size} numbers of 4 bits.")
        raw = unpacked(raw, size).view(np.uint8)
    if raw.size or (size == 0 and not made and not table["is_variable"]):
        if raw.size != size:
            raise damaged(f"Constant '{name}' has {raw.size} bytes of data but needs {size}.")
        data = raw.view(dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)
        if not data.flags.aligned:
            data = data.copy()
        data.setflags(write=False)
    quant = _quant(table.get("quantization", {}), name, shape)
    return Tensor(name, shape, dtype, quant, data, table["is_variable"], is_int4(table["type"]))


def _quant(table: Table, name: str, shape: tuple[int, ...]) -> Quant | None:
    scale = table.get("scale")
    if scale is None or scale.size == 0:
        return None
    zero_point = table.get("zero_point")
    if zero_point is None or zero_point.size == 0:
        zero_point = np.zeros(scale.size, np.int64)
    axis = table.get("quantized_dimension", 0)
    if scale.size == 1:
        axis = axis if 0 <= axis < len(shape) else 0
    elif not 0 <= axis < len(shape) or shape[axis] != scale.size:
        fitting = [i for i, size in enumerate(shape) if size == scale.size]
        if len(fitting) != 1:
            raise damaged(
                f"Tensor '{name}' of shape {list(shape)} has {scale.size} scales, "
                f"which do not fit its dimension {axis}."
            )
        axis = fitting[0]
    return Quant(scale.astype(np.float32), zero_point.astype(np.int64), axis)


def _signature(table: Table) -> dict[str, Any]:
    inputs, outputs = (
        {entry.get("name", ""): entry["tensor_index"] for entry in table.get(key, ())}
        for key in ("inputs", "outputs")
    )
    return {
        "key": table.get("signature_key", ""),
        "inputs": inputs,
        "outputs": outputs,
        "subgraph": table["subgraph_index"],
    }
