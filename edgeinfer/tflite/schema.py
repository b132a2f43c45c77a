# SPDX-License-Identifier: Apache-2.0
"""The TFLite schema as data, learnt by calling the generated code of the `tflite` package once.

The generated writers tell each field's slot, type and default to a recording builder; the generated
readers tell what an offset leads to when they are given a probing table."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import flatbuffers.number_types as number_types
import flatbuffers.table
import tflite  # noqa: F401  (loads every generated module)


class Kind(Enum):
    """What a field of a table holds."""

    SCALAR = auto()
    STRING = auto()
    TABLE = auto()
    UNION = auto()
    SCALARS = auto()  # a vector of numbers
    STRINGS = auto()
    TABLES = auto()


@dataclass(frozen=True)
class Field:
    """One field of a table."""

    name: str  # snake_case
    slot: int  # position in the vtable
    kind: Kind
    flags: Any = None  # the number's class in flatbuffers.number_types; for SCALAR and SCALARS
    default: Any = None  # for SCALAR
    target: str = ""  # the table of TABLE and TABLES, the union of UNION
    align: int = 4  # bytes; of the elements of SCALARS


@functools.cache
def fields(table: str) -> tuple[Field, ...]:
    """The fields of a table such as "Conv2DOptions", in the order of the schema."""
    module = importlib.import_module(f"tflite.{table}")
    reader = getattr(module, table)
    prefix = f"{table}Add"
    names = [name.removeprefix(prefix) for name in vars(module) if name.startswith(prefix)]
    return tuple(_field(module, reader, table, name) for name in names)


@functools.cache
def enum(name: str) -> Mapping[str, int]:
    """The names and numbers of an enumeration or union, such as "BuiltinOperator"."""
    members = vars(getattr(importlib.import_module(f"tflite.{name}"), name))
    return {key: value for key, value in members.items() if isinstance(value, int)}


@functools.cache
def enum_names(name: str) -> Mapping[int, str]:
    """The numbers and names of an enumeration or union."""
    return {value: key for key, value in enum(name).items()}


class _Recorder:
    """A stand-in for flatbuffers.Builder that keeps the last call."""

    call: tuple[str, tuple[Any, ...]] = ("", ())

    def __getattr__(self, name: str) -> Any:
        def keep(*args: Any) -> None:
            self.call = (name, args)

        return keep


class _Probe:
    """A stand-in for flatbuffers.table.Table in which every field is present."""

    Pos = 0
    Bytes = b""

    def Offset(self, _slot: int) -> int:
        return 4

    def Vector(self, _offset: int) -> int:
        return 0

    def Indirect(self, _offset: int) -> int:
        return 0

    def String(self, _offset: int) -> type[str]:
        return str

    def Get(self, flags: Any, _offset: int) -> Any:
        return flags

    def Union(self, _table: Any, _offset: int) -> None:
        return None


def _field(module: Any, reader: Any, table: str, name: str) -> Field:
    recorder = _Recorder()
    getattr(module, f"{table}Add{name}")(recorder, 0)
    call, (slot, _, default) = recorder.call
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    if call != "PrependUOffsetTRelativeSlot":
        flags = getattr(number_types, call.removeprefix("Prepend").removesuffix("Slot") + "Flags")
        return Field(snake, slot, Kind.SCALAR, flags, flags.py_type(default))
    instance = reader()
    instance._tab = _Probe()
    method = getattr(instance, name)
    vector = hasattr(module, f"{table}Start{name}Vector")
    found: Any = method(0) if vector else method()
    if found is str:
        return Field(snake, slot, Kind.STRINGS if vector else Kind.STRING)
    if isinstance(found, type):  # of numbers
        # The schema's force_align of constants is not in the generated Python code.
        align = 16 if (table, name) == ("Buffer", "Data") else _width(found)
        return Field(snake, slot, Kind.SCALARS, found, align=align)
    if isinstance(found, flatbuffers.table.Table):
        return Field(snake, slot, Kind.UNION, target=name)
    return Field(snake, slot, Kind.TABLES if vector else Kind.TABLE, target=type(found).__name__)


def _width(flags: Any) -> int:
    return int(flags.bytewidth)
