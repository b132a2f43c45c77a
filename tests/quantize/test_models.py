# SPDX-License-Identifier: Apache-2.0
"""Real networks and real samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer import evaluate, tflite
from edgeinfer.demo import digits
from edgeinfer.graph import Array, Graph
from edgeinfer.lower import lower
from edgeinfer.quantize import FAST, quantize
from tests.quantize.networks import oracle, run_float


def _float(shared: Path, name: str) -> Graph:
    return tflite.read_file(shared / "models" / "float" / f"{name}_float.tflite")


def _samples(shared: Path, name: str) -> tuple[Array, Array | None]:
    file = {"kws01": "kws01", "vww01": "vww01_u8", "ic01": "ic01_u8", "ad01": "ad01",
            "sww01": "sww01_calib"}[name]  # fmt: skip
    data = np.load(shared / "data" / f"{file}.npz")
    x = data["x" if "x" in data else "img"].astype(np.float32)
    return (x / 255 if name == "vww01" else x), data.get("y")


def _logits(graph: Graph, samples: Array) -> Array:
    """Real outputs by the oracle's reference kernels."""
    return evaluate.from_output(graph.tensors[graph.outputs[0]], oracle(graph, samples)[0])


@pytest.mark.parametrize("options", [{**FAST, "ranges": "minmax"}, FAST, {}])
def test_keywords_keep_their_top1(shared: Path, options: dict[str, Any]) -> None:
    graph = _float(shared, "kws01")
    x, y = _samples(shared, "kws01")
    assert y is not None
    made = quantize(graph, x[:40], **options)
    want = evaluate.compare(run_float(graph, x), y, None)
    got = evaluate.compare(_logits(made.graph, x), y, run_float(graph, x))
    assert want.top1 is not None
    assert got.top1 is not None
    assert want.top1 > 90
    assert got.top1 >= want.top1 - 0.5


# SQNR (dB) and KL (nats) well beyond what was measured: the test is for mistakes, not for records,
# so that few samples and one try do.
@pytest.mark.parametrize(
    ("name", "sqnr", "kl"),
    [("kws01", 27, 0.003), ("vww01", 18, 0.003), ("ic01", 23, 0.009), ("sww01", 18, 0.001)],
)
def test_logits_stay_close(shared: Path, name: str, sqnr: float, kl: float) -> None:
    graph = _float(shared, name)
    x, _ = _samples(shared, name)
    made = quantize(graph, x[: min(40, len(x) // 2)], tries=1).graph
    lower(made)
    fresh = x[-30:]
    before, after = evaluate.before_softmax(graph), evaluate.before_softmax(made)
    assert before is not None
    assert after is not None
    report = evaluate.compare(_logits(after, fresh), None, run_float(before, fresh), logits=True)
    assert report.sqnr_db is not None
    assert report.kl is not None
    assert report.sqnr_db > sqnr
    assert report.kl < kl
    assert oracle(made, fresh[:3], delegates=True)[0].dtype == np.int8


def test_autoencoder_stays_close(shared: Path) -> None:
    graph = _float(shared, "ad01")
    x, _ = _samples(shared, "ad01")
    made = quantize(graph, x[:40]).graph
    lower(made)
    report = evaluate.compare(_logits(made, x[100:]), None, run_float(graph, x[100:]))
    assert report.sqnr_db is not None
    assert report.sqnr_db > 22


def test_shapes_that_keras_computes_are_folded(shared: Path) -> None:
    graph = _float(shared, "mobilenet_v1_025_128")
    assert {"SHAPE", "STRIDED_SLICE", "PACK"} < {n.op for n in graph.nodes}
    samples = np.random.default_rng(0).normal(size=(4, 128, 128, 3))
    made = quantize(graph, samples, **FAST).graph
    assert not {"SHAPE", "STRIDED_SLICE", "PACK"} & {n.op for n in made.nodes}
    assert oracle(made, samples[:1].astype(np.float32))[0].shape == (1, 1000)


def test_digits(digits_float: Path) -> None:
    graph = tflite.read_file(digits_float)
    train, _, x, y = digits.load()
    made = quantize(graph, train[:100]).graph
    want = evaluate.compare(run_float(graph, x), y, None)
    got = evaluate.compare(_logits(made, x), y, run_float(graph, x))
    assert want.top1 is not None
    assert got.top1 is not None
    assert got.agreement is not None
    assert got.top1 >= want.top1 - 0.5
    assert got.agreement > 99
