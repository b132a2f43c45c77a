# SPDX-License-Identifier: Apache-2.0
"""Plan → image, the FlatBuffer of csrc/image.fbs that the C library executes; and back."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import flatbuffers
import numpy as np

from edgeinfer import native
from edgeinfer.errors import ImageError, UnsupportedError
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.plan import Plan

IDENTIFIER = b"EIM1"
VERSION = 1
DTYPES = ("int8", "float32", "int16", "int32", "uint8", "bool")  # enum ei_dtype
MAX_RANK = 6
STEP = struct.Struct("<HHIIIIIHHHH")
IO = struct.Struct("<IIfiBBH6I")
SCALARS = ("version", "target", "arena_bytes", "selftest_seed", "selftest_crc")
FIELDS = (*SCALARS, "steps", "params", "data", "inputs", "outputs", "name", "layers")


@dataclass(frozen=True)
class Io:
    """An input or output: where it lies in the arena and how to read its bytes."""

    offset: int  # bytes
    bytes: int
    dtype: np.dtype  # type: ignore[type-arg]
    dims: tuple[int, ...]
    scale: float  # 0 for float
    zero_point: int


@dataclass(frozen=True)
class Step:
    """One kernel call of an image."""

    kernel: str
    layer: int
    y0: int
    y1: int


@dataclass(frozen=True)
class Image:
    """What an image says of itself."""

    name: str
    arena_bytes: int
    inputs: tuple[Io, ...]
    outputs: tuple[Io, ...]
    steps: tuple[Step, ...]
    layers: tuple[str, ...]  # "OP output name" of each layer; empty when stripped
    crc: int
    selftest_crc: int

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that the image uses, in the C library's order."""
        used = {step.kernel for step in self.steps}
        return tuple(k for k in native.kernel_names() if k in used)


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
    steps: list[bytes] = []
    known: dict[bytes, int] = {}
    for planned in plan.steps:
        call = planned.call
        fields = dict(call.params)
        for name, array in call.consts.items():
            fields[name] = data.add(array)
        encoded = native.encode_params(call.kernel, fields)
        if encoded not in known:
            known[encoded] = len(params)
            params.extend(encoded + bytes(-len(encoded) % 4))
        places, flags = [0, 0], 0
        for i, ref in enumerate(call.inputs):
            tensor = graph.tensors[ref.tensor]
            if tensor.data is not None:
                places[i] = data.add(tensor.data) + ref.offset
                flags |= 1 << i
            else:
                places[i] = plan.offsets[ref.tensor] + ref.offset
        out = plan.offsets[call.output.tensor] + call.output.offset
        number = native.kernel_number(call.kernel)
        rows = (planned.y0, planned.y1, planned.in_y0)
        steps.append(
            STEP.pack(
                number, call.node, known[encoded], *places, out, planned.scratch, *rows, flags
            )
        )
    layers = [] if strip else [_layer_name(graph, i) for i in range(len(graph.nodes))]
    scalars = (VERSION, target, plan.arena_bytes, SEED, selftest_crc)
    return _assemble(
        dict(zip(SCALARS, scalars, strict=True)),
        steps,
        bytes(params),
        bytes(data.bytes),
        [_io(graph.tensors[t], plan.offsets[t]) for t in graph.inputs],
        [_io(graph.tensors[t], plan.offsets[t]) for t in graph.outputs],
        graph.name or "model",
        layers,
    )


SEED = 0x2545F491  # of the self-test's input; any number would do, it must only never change


def with_selftest(image: bytes, crc: int) -> bytes:
    """The image with the expected CRC-32 of its self-test's outputs."""
    changed = bytearray(image[:-4])
    struct.pack_into("<I", changed, _field(image, "selftest_crc"), crc)
    return _sealed(bytes(changed))


def read_image(image: bytes) -> Image:
    """What an image says of itself. Raises ImageError if it is not one.

    For images of our own making; untrusted bytes are the business of ei_verify."""
    try:
        if image[4:8] != IDENTIFIER or zlib.crc32(image[:-4]) != struct.unpack("<I", image[-4:])[0]:
            raise ImageError("This is not an edgeinfer image.", "Make it again from the .tflite.")
        names = native.kernel_names()
        text = [bytes(s).decode("utf-8", "replace") for s in _strings(image, "layers")]
        return Image(
            name=bytes(_vector(image, "name", 1)).decode("utf-8", "replace"),
            arena_bytes=_scalar(image, "arena_bytes"),
            inputs=_ios(image, "inputs"),
            outputs=_ios(image, "outputs"),
            steps=tuple(
                Step(names[s[0]], s[1], s[7], s[8])
                for s in STEP.iter_unpack(_vector(image, "steps", STEP.size))
            ),
            layers=tuple(text),
            crc=struct.unpack("<I", image[-4:])[0],
            selftest_crc=_scalar(image, "selftest_crc"),
        )
    except (struct.error, IndexError) as error:
        raise ImageError(
            f"This image is damaged ({error}).", "Make it again from the .tflite."
        ) from error


def _layer_name(graph: Graph, index: int) -> str:
    node = graph.nodes[index]
    return f"{node.op} {graph.tensors[node.outputs[0]].name}"


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
    steps: Sequence[bytes],
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
        "data": vector(data, len(data), 16),
        "params": vector(params, len(params), 4),
        "steps": vector(b"".join(steps), len(steps), 4),
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
    builder.ForceDefaults(True)  # with_selftest patches fields in place: all must be there
    for slot, field in enumerate(FIELDS):
        if field in scalars:
            builder.PrependUint32Slot(slot, scalars[field], 0)
        elif field in offsets:
            builder.PrependUOffsetTRelativeSlot(slot, offsets[field], 0)
    builder.Finish(builder.EndObject(), IDENTIFIER)
    return _sealed(bytes(builder.Output()))


def _sealed(body: bytes) -> bytes:
    return body + struct.pack("<I", zlib.crc32(body))


def _field(image: bytes, field: str) -> int:
    """Position of a field of the root table, 0 when absent."""
    table = struct.unpack_from("<I", image, 0)[0]
    vtable = table - struct.unpack_from("<i", image, table)[0]
    entry = 4 + 2 * FIELDS.index(field)
    if entry >= struct.unpack_from("<H", image, vtable)[0]:
        return 0
    relative = struct.unpack_from("<H", image, vtable + entry)[0]
    return int(table + relative) if relative else 0


def _scalar(image: bytes, field: str) -> int:
    at = _field(image, field)
    return int(struct.unpack_from("<I", image, at)[0]) if at else 0


def _vector(image: bytes, field: str, size: int) -> memoryview:
    at = _field(image, field)
    if not at:
        return memoryview(b"")
    at += struct.unpack_from("<I", image, at)[0]
    count = struct.unpack_from("<I", image, at)[0]
    return memoryview(image)[at + 4 : at + 4 + count * size]


def _strings(image: bytes, field: str) -> list[memoryview]:
    at = _field(image, field)
    if not at:
        return []
    at += struct.unpack_from("<I", image, at)[0]
    found = []
    for i in range(struct.unpack_from("<I", image, at)[0]):
        entry = at + 4 + 4 * i
        start = entry + struct.unpack_from("<I", image, entry)[0]
        length = struct.unpack_from("<I", image, start)[0]
        found.append(memoryview(image)[start + 4 : start + 4 + length])
    return found


def _ios(image: bytes, field: str) -> tuple[Io, ...]:
    found = []
    for values in IO.iter_unpack(_vector(image, field, IO.size)):
        offset, size, scale, zero_point, dtype, rank, _, *dims = values
        io = Io(offset, size, np.dtype(DTYPES[dtype]), tuple(dims[:rank]), scale, zero_point)
        assert math.prod(io.dims) * io.dtype.itemsize == io.bytes
        found.append(io)
    return tuple(found)
