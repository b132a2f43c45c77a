# SPDX-License-Identifier: Apache-2.0
"""Plan → image, the FlatBuffer of csrc/image.fbs that the C library executes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import flatbuffers
import numpy as np

from edgeinfer import native
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.image.layout import (
    DATA_ALIGN,
    FIELDS,
    IDENTIFIER,
    IN_DATA,
    IO,
    MAX_RANK,
    SEED,
    VERSION,
    sealed,
)
from edgeinfer.image.steps import Fields, step_vectors
from edgeinfer.native import DTYPES
from edgeinfer.plan import JUMP, Plan, first_steps


class _Data:
    """The image's constants: each array once, aligned to its element size (weights to 4)."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._places: dict[tuple[bytes, int], int] = {}

    def add(self, array: Array) -> int:
        """The offset of an array's bytes."""
        raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        align = max(array.dtype.itemsize, 4 if len(raw) >= 256 else 1)
        if (raw, align) not in self._places:
            self.bytes.extend(bytes(-len(self.bytes) % align))
            self._places[raw, align] = len(self.bytes)
            self.bytes.extend(raw)
        return self._places[raw, align]


def pack(plan: Plan, *, target: int = 0, strip: bool = False, selftest_crc: int = 0) -> bytes:
    """The image of a plan; `strip` leaves out layer names.

    Raises UnsupportedError when an input or output has more than six dimensions."""
    graph, data = plan.program.graph, _Data()
    params = bytearray()
    steps: list[Fields] = []
    known: dict[bytes, int] = {}
    first = first_steps(plan)
    for planned in plan.steps:
        call = planned.call
        fields = dict(call.params)
        if call.kernel == JUMP:
            fields["target"] = first[fields["target"]]
        for name, array in call.consts.items():
            fields[name] = data.add(array)
        for name, ref in (*call.more_in.items(), *call.more_out.items()):
            constant = graph.tensors[ref.tensor].data
            if constant is None:
                fields[name] = planned.more[name]
            else:
                fields[name] = IN_DATA | data.add(constant) + ref.offset
        encoded = native.encode_params(call.kernel, fields)
        if encoded not in known:
            known[encoded] = len(params)
            params.extend(encoded + bytes(-len(encoded) % 4))
        places, flags = [0, 0], 0
        for i, ref in enumerate(call.inputs[:2]):
            tensor = graph.tensors[ref.tensor]
            if tensor.data is not None:
                reads = call.reads[i] if i < len(call.reads) else None
                skipped = planned.in_y0 * reads.row_bytes if reads else 0
                places[i] = data.add(tensor.data) + ref.offset + skipped
                flags |= 1 << i
            else:
                places[i] = planned.inputs[i]
        number = native.kernel_number(call.kernel)
        places += [planned.out, planned.scratch]
        rows = (planned.y0, planned.y1, planned.in_y0)
        steps.append((number, call.node, known[encoded], *places, *rows, flags))
    vectors = step_vectors(steps)
    layers = [] if strip else layer_names(graph)
    scalars = {
        "version": VERSION,
        "target": target,
        "arena_bytes": plan.arena_bytes,
        "selftest_seed": SEED,
        "reset_steps": first[plan.program.resets],
        "state_bytes": plan.state_bytes,
        "fast_bytes": plan.fast_bytes,
    }
    return _assemble(
        # with_selftest patches the CRC in place, so that it must be there.
        {n: value for n, value in scalars.items() if value} | {"selftest_crc": selftest_crc},
        vectors,
        bytes(params),
        bytes(data.bytes),
        [_io(graph.tensors[t], plan.begin[t]) for t in graph.inputs],
        [_io(graph.tensors[t], plan.end[t]) for t in graph.outputs],
        graph.name or "model",
        layers,
    )


def layer_names(graph: Graph) -> list[str]:
    """ "OP output name" of each layer."""
    return [f"{node.op} {graph.tensors[node.outputs[0]].name}" for node in graph.nodes]


def _io(tensor: Tensor, offset: int) -> bytes:
    name = str(tensor.dtype)
    if name not in DTYPES or len(tensor.shape) > MAX_RANK:
        raise UnsupportedError(
            f"'{tensor.name}' of type {name} and shape {tensor.shape} is no input or output.",
            f"Use one of {', '.join(DTYPES)} with at most {MAX_RANK} dimensions.",
        )
    quantized = tensor.quant is not None
    dims = (*tensor.shape, *(0,) * (MAX_RANK - len(tensor.shape)))
    return IO.pack(
        offset,
        tensor.nbytes,
        tensor.scale if quantized else 0.0,
        tensor.zero_point if quantized else 0,
        DTYPES.index(name),
        len(tensor.shape),
        0,
        *dims,
    )


def _assemble(
    scalars: dict[str, int],
    steps: Mapping[str, Sequence[bytes]],
    params: bytes,
    data: bytes,
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    name: str,
    layers: Sequence[str],
) -> bytes:
    builder = flatbuffers.Builder(len(params) + len(data) + 4096)

    def vector(raw: bytes, count: int, align: int) -> int:
        builder.StartVector(len(raw) // max(count, 1), count, align)
        builder.head -= len(raw)
        builder.Bytes[builder.head : builder.head + len(raw)] = raw
        return int(builder.EndVector())

    offsets = {
        "data": vector(data, len(data), DATA_ALIGN),
        "params": vector(params, len(params), 4),
        **{name: vector(b"".join(items), len(items), 4) for name, items in steps.items()},
        "inputs": vector(b"".join(inputs), len(inputs), 4),
        "outputs": vector(b"".join(outputs), len(outputs), 4),
        "name": builder.CreateString(name),
    }
    if layers:
        strings = [builder.CreateString(text) for text in layers]
        builder.StartVector(4, len(strings), 4)
        for string in reversed(strings):
            builder.PrependUOffsetTRelative(string)
        offsets["layers"] = builder.EndVector()
    builder.StartObject(len(FIELDS))
    builder.ForceDefaults(True)
    for slot, field in enumerate(FIELDS):
        if field in scalars:
            builder.PrependUint32Slot(slot, scalars[field], 0)
        elif field in offsets:
            builder.PrependUOffsetTRelativeSlot(slot, offsets[field], 0)
    builder.Finish(builder.EndObject(), IDENTIFIER)
    return sealed(bytes(builder.Output()))
