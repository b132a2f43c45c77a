# SPDX-License-Identifier: Apache-2.0
"""Flatbuffer tables ⇄ dicts, for any table of the schema; reading trusts no byte of the file.

A scalar is there even if the file leaves it out (its default); other fields are there only if the
file has them: strings as str, tables as dict, vectors of numbers as numpy arrays, other vectors as
lists. A union's dict is of the table that the field of its name with "_type" says."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import flatbuffers
import flatbuffers.number_types as number_types
import numpy as np

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.tflite.schema import Field, Kind, enum_names, fields

AGAIN = "Download it again, or convert the network again."


class Decoder:
    """Reads tables out of a file's bytes, with every offset and length checked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        # Tables may share parts, but a file whose parts add up to far more than the file is a bomb.
        self._budget = 4 * len(data) + 1024  # bytes

    def root(self, table: str) -> dict[str, Any]:
        """The table that the file starts with. Raises ModelError if the file is damaged."""
        return self._table(table, self._int("<I", 0))

    def _int(self, code: str, at: int) -> int:
        self._need(at, struct.calcsize(code))
        return int(struct.unpack_from(code, self._data, at)[0])

    def _need(self, at: int, size: int) -> None:
        if at < 0 or size > len(self._data) - at:
            raise ModelError(f"The model file is damaged: it lacks bytes at offset {at}.", AGAIN)

    def _spend(self, size: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise ModelError("The model file is damaged: its parts overlap.", AGAIN)

    def _table(self, name: str, at: int) -> dict[str, Any]:
        vtable = at - self._int("<i", at)
        vtable_size, table_size = self._int("<H", vtable), self._int("<H", vtable + 2)
        self._need(vtable, vtable_size)
        self._need(at, table_size)
        self._spend(vtable_size + table_size)
        values: dict[str, Any] = {}
        for field in fields(name):
            entry = 4 + 2 * field.slot
            offset = self._int("<H", vtable + entry) if entry + 2 <= vtable_size else 0
            if offset:
                value = self._value(field, at + offset, values)
                if value is not None:
                    values[field.name] = value
            elif field.kind is Kind.SCALAR:
                values[field.name] = field.default
        return values

    def _value(self, field: Field, at: int, values: Mapping[str, Any]) -> Any:
        if field.kind is Kind.SCALAR:
            self._need(at, field.flags.bytewidth)
            return field.flags.packer_type.unpack_from(self._data, at)[0]
        at += self._int("<I", at)
        match field.kind:
            case Kind.STRING:
                return self._string(at)
            case Kind.TABLE:
                return self._table(field.target, at)
            case Kind.UNION:
                name = union_member(field, values)
                return self._table(name, at) if name else None
        size = field.flags.bytewidth if field.kind is Kind.SCALARS else 4
        count = self._int("<I", at)
        at += 4
        self._need(at, count * size)
        self._spend(4 + count * size)
        if field.kind is Kind.SCALARS:
            dtype = number_types.to_numpy_type(field.flags)
            if count == 0:
                return np.zeros(0, dtype)
            return np.frombuffer(self._data, dtype, count, at)
        if field.kind is Kind.STRINGS:
            return [self._string(p + self._int("<I", p)) for p in range(at, at + 4 * count, 4)]
        return [
            self._table(field.target, p + self._int("<I", p)) for p in range(at, at + 4 * count, 4)
        ]

    def _string(self, at: int) -> str:
        size = self._int("<I", at)
        self._need(at + 4, size)
        self._spend(4 + size)
        return self._data[at + 4 : at + 4 + size].decode("utf-8", "backslashreplace")


def encode(builder: flatbuffers.Builder, table: str, values: Mapping[str, Any]) -> int:
    """Write a table with all that hangs on it, and return its offset.

    Raises ModelError for a field that the schema does not have or a value that it cannot hold."""
    known = fields(table)
    unknown = values.keys() - {field.name for field in known}
    if unknown:
        raise ModelError(
            f"{table} has no field '{min(unknown)}' in the TFLite schema.",
            f"Its fields are: {', '.join(field.name for field in known) or 'none'}.",
        )
    try:
        offsets = {
            field.slot: _encode_value(builder, field, values)
            for field in known
            if field.kind is not Kind.SCALAR and values.get(field.name) is not None
        }
        builder.StartObject(1 + max((field.slot for field in known), default=-1))
        # Widest first, so that no padding comes between.
        for field in sorted(known, key=lambda f: -f.flags.bytewidth if f.flags else -4):
            if field.kind is Kind.SCALAR:
                given = values.get(field.name, field.default)
                value = field.flags.py_type(given)
                if value != given and not isinstance(value, float):
                    raise ValueError(f"{field.name} = {given!r}")
                builder.PrependSlot(field.flags, field.slot, value, field.default)
            elif field.slot in offsets:
                builder.PrependUOffsetTRelativeSlot(field.slot, offsets[field.slot], 0)
        return int(builder.EndObject())
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise ModelError(
            f"{table} cannot hold its values: {error}.",
            "Give values that the TFLite schema allows.",
        ) from error


def _encode_value(builder: flatbuffers.Builder, field: Field, values: Mapping[str, Any]) -> int:
    value = values[field.name]
    match field.kind:
        case Kind.STRING:
            return int(builder.CreateString(value))
        case Kind.TABLE:
            return encode(builder, field.target, value)
        case Kind.UNION:
            return encode(builder, union_member(field, values), value)
        case Kind.SCALARS:
            if isinstance(value, bytes):
                value = np.frombuffer(value, np.uint8)
            numbers = np.asarray(value)
            raw = numbers.astype(number_types.to_numpy_type(field.flags))
            if raw.dtype.kind != "f" and not np.array_equal(raw, numbers):
                raise OverflowError(f"{field.name} is out of range")
            builder.StartVector(field.flags.bytewidth, raw.size, field.align)
            builder.head -= raw.nbytes
            builder.Bytes[builder.head : builder.head + raw.nbytes] = raw.tobytes()
            return int(builder.EndVector())
    offsets = [
        builder.CreateString(item)
        if field.kind is Kind.STRINGS
        else encode(builder, field.target, item)
        for item in value
    ]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def union_member(field: Field, values: Mapping[str, Any]) -> str:
    """The table in a union; "" for none, and for unions that edgeinfer does not follow.

    Raises UnsupportedError for a member that the schema does not know."""
    if field.target not in ("BuiltinOptions", "BuiltinOptions2"):
        return ""
    number = values.get(f"{field.name}_type", 0)
    name = enum_names(field.target).get(number)
    if name is None:
        raise UnsupportedError(
            f"The model has operator options of kind {number}, which this schema does not know.",
            "Update the 'tflite' package: pip install -U tflite.",
        )
    return "" if name == "NONE" else name
