# SPDX-License-Identifier: Apache-2.0
"""An operator's options: the two unions of the schema ⇄ (table's name, dict of plain values)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.tflite.schema import enum, enum_names

_UNIONS = {"builtin_options": "BuiltinOptions", "builtin_options2": "BuiltinOptions2"}


# Operators whose options table has another name than they.
_SHARED = {
    "AVERAGE_POOL_2D": "Pool2DOptions", "BATCH_MATMUL": "BatchMatMulOptions",
    "CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MAXIMUM": "MaximumMinimumOptions", "MAX_POOL_2D": "Pool2DOptions", "MEAN": "ReducerOptions",
    "MINIMUM": "MaximumMinimumOptions", "PADV2": "PadV2Options", "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions", "SUM": "ReducerOptions",
}  # fmt: skip


def options_type(op: str) -> str:
    """The name of an operator's options table, such as "Conv2DOptions"; empty if it has none."""
    own = "".join(word.capitalize() for word in op.split("_")) + "Options"
    name = _SHARED.get(op, own)
    return name if name in options_types() else ""


@functools.cache
def options_types() -> tuple[str, ...]:
    """The names of all options tables, such as "Conv2DOptions"."""
    names = (name for union in _UNIONS.values() for name in enum(union))
    return tuple(name for name in dict.fromkeys(names) if name != "NONE")


def read_options(operator: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and values of a decoded Operator table's options; ("", {}) if it has none.

    Vectors become tuples, vectors of bytes become bytes, and enumerations stay numbers."""
    for key, union in _UNIONS.items():
        number = operator[f"{key}_type"]
        if number:
            return enum_names(union).get(number, ""), _plain(operator.get(key, {}))
    return "", {}


def write_options(options_type: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an Operator table that hold these options.

    Raises ModelError if the schema has no such options table, or if there are options without."""
    if not options_type and not options:
        return {}
    for key, union in _UNIONS.items():
        if options_type != "NONE" and options_type in enum(union):
            return {f"{key}_type": enum(union)[options_type], key: dict(options)}
    raise ModelError(
        f"The TFLite schema has no operator options '{options_type}'.",
        "Set options_type to a table of the schema, such as 'Conv2DOptions'.",
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tobytes() if value.dtype == np.uint8 else tuple(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    return value
