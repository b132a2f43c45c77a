# SPDX-License-Identifier: Apache-2.0
"""Tensor types of the schema ⇄ numpy types."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Array
from edgeinfer.tflite.schema import enum, enum_names

_NUMPY = {
    "FLOAT16", "FLOAT32", "FLOAT64", "COMPLEX64", "COMPLEX128", "BOOL",
    "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
}  # fmt: skip


def is_int4(number: int) -> bool:
    """Whether a TensorType is INT4: two numbers in a byte, the low bits first."""
    return enum_names("TensorType").get(number) == "INT4"


def unpacked(raw: Array, count: int) -> Array:
    """The numbers of an INT4 tensor's bytes, uint8, as int8 [count]."""
    pairs = np.stack([raw << 4, raw & 0xF0], axis=-1).view(np.int8) >> 4
    return np.asarray(pairs.reshape(-1)[:count])


def packed(numbers: Array) -> bytes:
    """The bytes of an INT4 tensor; numbers are of −8 to 7."""
    flat = numbers.reshape(-1).astype(np.uint8) & 15
    low, high = np.pad(flat, (0, flat.size % 2)).reshape(-1, 2).T
    return bytes((low | high << 4).astype(np.uint8))


INT4 = (-8, 7)
RESOURCE = np.dtype("V4")
"""A variable's handle: it has no bytes that anybody reads."""


def to_numpy(number: int, tensor: str) -> np.dtype[Any]:
    """The numpy type of a TensorType; `tensor` is the name for the error.

    INT4 becomes int8. Raises UnsupportedError for types without a numpy type, such as STRING."""
    name = enum_names("TensorType").get(number, f"number {number}")
    if name == "RESOURCE":
        return RESOURCE
    if is_int4(number):
        return np.dtype(np.int8)
    if name not in _NUMPY:
        raise _unsupported(name, tensor)
    return np.dtype(name.lower())


def from_numpy(dtype: np.dtype[Any], tensor: str) -> int:
    """The TensorType of a numpy type. Raises UnsupportedError if the schema has none."""
    if dtype == RESOURCE:
        return enum("TensorType")["RESOURCE"]
    name = dtype.name.upper()
    if name not in _NUMPY:
        raise _unsupported(name, tensor)
    return enum("TensorType")[name]


def _unsupported(name: str, tensor: str) -> UnsupportedError:
    return UnsupportedError(
        f"Tensor '{tensor}' is of type {name}, which edgeinfer does not read.",
        "Convert the network to float32 or int8.",
    )
