# SPDX-License-Identifier: Apache-2.0
"""Comparison of graphs in every detail, and the public models by name."""

from __future__ import annotations

import numpy as np

from edgeinfer.graph import Graph, Tensor

MODELS = (
    "float/ad01_float", "float/hello_world_float", "float/ic01_float", "float/kws01_float",
    "float/mobilenet_v1_025_128_float", "float/sww01_float", "float/vww01_float",
    "int8/ad01_int8", "int8/hello_world_int8", "int8/ic01_int8", "int8/kws01_int8",
    "int8/micro_speech_frontend", "int8/micro_speech_int8", "int8/person_detect_int8",
    "int8/sww01_int8", "int8/vww01_int8",
)  # fmt: skip


def assert_same(a: Graph, b: Graph) -> None:
    """Both graphs are equal: structure, options, names, constants and quantization to the bit."""
    assert len(a.tensors) == len(b.tensors)
    for s, t in zip(a.tensors, b.tensors, strict=True):
        _assert_same_tensor(s, t)
    for m, n in zip(a.nodes, b.nodes, strict=True):
        assert vars(m) == vars(n)
    for name in ("inputs", "outputs", "name", "metadata", "signatures", "description"):
        assert getattr(a, name) == getattr(b, name)
    for g, h in zip(a.subgraphs, b.subgraphs, strict=True):
        assert_same(g, h)


def _assert_same_tensor(s: Tensor, t: Tensor) -> None:
    assert (s.name, s.shape, s.dtype, s.is_variable) == (t.name, t.shape, t.dtype, t.is_variable)
    assert (s.data is None) == (t.data is None)
    if s.data is not None and t.data is not None:
        assert s.data.tobytes() == t.data.tobytes()
        assert not t.data.flags.writeable
        assert t.data.flags.aligned
    assert (s.quant is None) == (t.quant is None)
    if s.quant is not None and t.quant is not None:
        assert s.quant.equals(t.quant)
        assert s.quant.axis == t.quant.axis
        assert t.quant.scale.dtype == np.float32
