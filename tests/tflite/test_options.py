# SPDX-License-Identifier: Apache-2.0
"""Every options table of the schema survives writing and reading."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import pytest

from edgeinfer.errors import ModelError
from edgeinfer.tflite.flat import Decoder, encode
from edgeinfer.tflite.options import options_types, read_options, write_options
from edgeinfer.tflite.schema import Field, Kind, fields

# What the schema itself says, so that a mistake in learning it from the generated code shows.
CONV = {
    "padding": 1, "stride_w": 2, "stride_h": 3, "fused_activation_function": 1,
    "dilation_w_factor": 4, "dilation_h_factor": 5, "quantized_bias_type": 2,
}  # fmt: skip


def example(field: Field, seed: int) -> Any:
    """A value that is not the default."""
    match field.kind:
        case Kind.SCALAR:
            if isinstance(field.default, bool):
                return not field.default
            return field.default + (0.5 if isinstance(field.default, float) else 1 + seed)
        case Kind.STRING:
            return f"name {seed} ü"
        case Kind.STRINGS:
            return ("a", "", f"{seed}")
        case Kind.TABLE:
            return filled(field.target)
        case Kind.TABLES:
            return (filled(field.target), filled(field.target))
        case Kind.SCALARS if field.flags.bytewidth == 1 and field.flags.py_type is not bool:
            return bytes(range(seed, seed + 5))
        case Kind.SCALARS:
            return tuple(field.flags.py_type(value) for value in (seed, 1, 0))
    raise AssertionError(field.kind)


def filled(table: str) -> dict[str, Any]:
    """Every field of a table with a value."""
    return {field.name: example(field, seed) for seed, field in enumerate(fields(table))}


def round_trip(operator: dict[str, Any]) -> dict[str, Any]:
    builder = flatbuffers.Builder(0)
    builder.Finish(encode(builder, "Operator", operator), b"TFL3")
    return Decoder(bytes(builder.Output())).root("Operator")


@pytest.mark.parametrize("name", options_types())
def test_every_options_table(name: str) -> None:
    options = filled(name)
    assert read_options(round_trip(write_options(name, options))) == (name, options)


@pytest.mark.parametrize("name", options_types())
def test_defaults(name: str) -> None:
    kind, options = read_options(round_trip(write_options(name, {})))
    assert kind == name
    assert options == {f.name: f.default for f in fields(name) if f.kind is Kind.SCALAR}


def test_generated_reader_agrees() -> None:
    import tflite

    builder = flatbuffers.Builder(0)
    builder.Finish(encode(builder, "Conv2DOptions", CONV))
    options = tflite.Conv2DOptions.GetRootAs(builder.Output())
    assert [
        options.Padding(),
        options.StrideW(),
        options.StrideH(),
        options.FusedActivationFunction(),
        options.DilationWFactor(),
        options.DilationHFactor(),
        options.QuantizedBiasType(),
    ] == list(CONV.values())
    assert set(CONV) == {field.name for field in fields("Conv2DOptions")}


def test_vectors_of_the_schema() -> None:
    kinds = {field.name: (field.kind, field.target) for field in fields("SubGraph")}
    assert kinds["tensors"] == (Kind.TABLES, "Tensor")
    assert kinds["inputs"] == (Kind.SCALARS, "")
    assert kinds["name"] == (Kind.STRING, "")
    assert {f.name: f.kind for f in fields("Operator")}["builtin_options"] is Kind.UNION


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Conv2DOptions", {"strides": 2}),
        ("Conv2DOptions", {"stride_w": 2**31}),
        ("Conv2DOptions", {"stride_w": "two"}),
        ("ReshapeOptions", {"new_shape": (1, 2**40)}),
        ("ReshapeOptions", {"new_shape": (1.5, 2)}),
        ("StablehloDotGeneralOptions", {"precision_config": (-1,)}),
        ("Conv2DOptions", {"stride_w": 1.5}),
        ("NoSuchOptions", {}),
        ("NONE", {}),
        ("", {"stride_w": 2}),
    ],
)
def test_refuses(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        round_trip(write_options(kind, options))


def test_empty_vector_is_kept() -> None:
    operator = round_trip(write_options("ReshapeOptions", {"new_shape": np.zeros(0, np.int32)}))
    assert read_options(operator) == ("ReshapeOptions", {"new_shape": ()})
