# SPDX-License-Identifier: Apache-2.0
"""Graph → the bytes of a .tflite file, the same bytes for the same graph."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np

from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.tflite.check import MAX_BYTES, check_graph
from edgeinfer.tflite.flat import encode
from edgeinfer.tflite.options import write_options
from edgeinfer.tflite.order import to_file
from edgeinfer.tflite.reader import IDENTIFIER, VERSION
from edgeinfer.tflite.schema import enum
from edgeinfer.tflite.types import INT4, from_numpy, packed

_DEPRECATED_MAX = 127  # of the 8-bit operator codes; greater ones stand only in builtin_code


def write(graph: Graph) -> bytes:
    """A .tflite file that TFLite, LiteRT and TFLite Micro run.

    Raises ModelError if the graph contradicts itself or an option is not in the schema,
    UnsupportedError if it does not fit into the format."""
    check_graph(graph)
    parts = _Parts()
    subgraphs = [_subgraph(part, parts) for part in (graph, *graph.subgraphs)]
    metadata = [
        {"name": name, "buffer": parts.buffer(data)} for name, data in graph.metadata.items()
    ]
    model = {
        "version": VERSION,
        "operator_codes": parts.opcodes,
        "subgraphs": subgraphs,
        "description": graph.description,
        "buffers": [{"data": data} if data else {} for data in parts.buffers],
        "metadata": metadata or None,
        "signature_defs": [_signature(signature) for signature in graph.signatures] or None,
    }
    size = sum(map(len, parts.buffers))
    if size > MAX_BYTES - 2**20:
        raise UnsupportedError("The model is larger than 2 GB.", "Make the network smaller.")
    builder = flatbuffers.Builder(size + 1024)
    builder.Finish(encode(builder, "Model", model), IDENTIFIER)
    return bytes(builder.Output())


class _Parts:
    """The lists that subgraphs share: constants and operator codes, each kept once."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = [b""]  # buffer 0 means "no data"
        self.opcodes: list[dict[str, Any]] = []
        self._buffer_index: dict[bytes, int] = {b"": 0}
        self._opcode_index: dict[tuple[str, int], int] = {}

    def buffer(self, data: bytes) -> int:
        """The index of the buffer with these bytes."""
        index = self._buffer_index.setdefault(data, len(self.buffers))
        if index == len(self.buffers):
            self.buffers.append(data)
        return index

    def opcode(self, node: Node) -> int:
        """The index of a node's operator code."""
        key = (node.op, node.version)
        index = self._opcode_index.setdefault(key, len(self.opcodes))
        if index == len(self.opcodes):
            op, colon, custom = node.op.partition(":")
            code = enum("BuiltinOperator").get(op)
            if code is None or (op == "CUSTOM") != bool(colon):
                raise UnsupportedError(
                    f"The TFLite schema has no operator '{node.op}'.",
                    "Name it as the schema does, such as CONV_2D, or CUSTOM:Name.",
                )
            self.opcodes.append(
                {
                    "deprecated_builtin_code": min(code, _DEPRECATED_MAX),
                    "builtin_code": code,
                    "custom_code": custom if colon else None,
                    "version": node.version,
                }
            )
        return index


def _subgraph(graph: Graph, parts: _Parts) -> dict[str, Any]:
    return {
        "name": graph.name,
        "tensors": [_tensor(tensor, parts) for tensor in graph.tensors],
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "operators": [_operator(node, parts) for node in graph.nodes],
    }


def _tensor(tensor: Tensor, parts: _Parts) -> dict[str, Any]:
    quant = tensor.quant
    little = tensor.dtype.newbyteorder("<")
    kind = from_numpy(tensor.dtype, tensor.name)
    data = None if tensor.data is None else tensor.data.astype(little).tobytes()
    if tensor.packed and tensor.data is not None:
        if tensor.data.min(initial=0) < INT4[0] or tensor.data.max(initial=0) > INT4[1]:
            raise UnsupportedError(
                f"Constant '{tensor.name}' has numbers that 4 bits do not hold.",
                "Let it be int8.",
            )
        kind, data = enum("TensorType")["INT4"], packed(tensor.data)
    return {
        "name": tensor.name,
        "shape": tensor.shape,
        "type": kind,
        "buffer": 0 if data is None else parts.buffer(data),
        "is_variable": tensor.is_variable,
        "quantization": quant
        and {
            "scale": quant.scale.astype(np.float32),
            "zero_point": quant.zero_point.astype(np.int64),
            "quantized_dimension": quant.axis,
        },
    }


def _operator(node: Node, parts: _Parts) -> dict[str, Any]:
    options = dict(node.options)
    intermediates = options.pop("intermediates", None)
    return {
        "opcode_index": parts.opcode(node),
        "inputs": to_file(node.op, node.inputs),
        "outputs": node.outputs,
        "custom_options": node.custom or None,
        "intermediates": intermediates,
        **write_options(node.options_type, options),
    }


def _signature(signature: Any) -> dict[str, Any]:
    inputs, outputs = (
        [{"name": name, "tensor_index": index} for name, index in signature[key].items()]
        for key in ("inputs", "outputs")
    )
    return {
        "signature_key": signature["key"],
        "inputs": inputs,
        "outputs": outputs,
        "subgraph_index": signature["subgraph"],
    }
