# SPDX-License-Identifier: Apache-2.0
"""The figures that say how good a model is."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from edgeinfer import evaluate, reference
from edgeinfer.errors import DataError
from edgeinfer.graph import Quant, Tensor
from edgeinfer.quantize import quantize
from tests.quantize.networks import Net, classifier, noise

INT8 = Tensor("t", (1, 4), np.dtype(np.int8), Quant.per_tensor(0.5, 3))


def test_top1_agreement_and_progress() -> None:
    outputs = np.eye(4)[[0, 1, 2, 3, 0]]
    reference_outputs = np.eye(4)[[0, 1, 2, 0, 0]]
    calls: list[tuple[int, int]] = []
    report = evaluate.evaluate(
        lambda batch: outputs[batch],
        np.arange(5),
        np.array([0, 1, 0, 0, 0]),
        reference_outputs,
        batch=2,
        progress=lambda *done: calls.append(done),
    )
    assert (report.n, report.top1, report.agreement) == (5, 60.0, 80.0)
    assert report.top1_interval == pytest.approx((23.07, 88.24), abs=0.01)
    assert calls == [(2, 5), (4, 5), (5, 5)]


def test_sqnr_ignores_each_samples_mean() -> None:
    want = np.array([[1.0, -1.0], [2.0, -2.0]])
    assert evaluate.sqnr(want, want + np.array([[5.0], [7.0]])) == math.inf
    assert evaluate.sqnr(want, 0.9 * want) == pytest.approx(20)
    assert evaluate.sqnr(want[:, :1], 0.9 * want[:, :1]) == pytest.approx(20)


def test_divergence() -> None:
    p = np.array([[0.5, 0.5]])
    assert evaluate.divergence(p, p) == 0
    assert evaluate.divergence(p, np.array([[0.25, 0.75]])) == pytest.approx(0.5 * math.log(4 / 3))
    sure, rounded = np.array([[0.9995, 0.0005]]), np.array([[255 / 256, 0.0]])
    assert evaluate.divergence(sure, rounded) < 1e-5
    assert 0.1 < evaluate.divergence(p, np.array([[1.0, 0.0]])) < 4


def test_divergence_of_logits_and_of_values() -> None:
    logits = np.random.default_rng(0).normal(size=(6, 3))
    shifted = evaluate.compare(logits + 9, None, logits, logits=True)
    assert shifted.kl == pytest.approx(0, abs=1e-12)
    assert evaluate.compare(logits, None, logits).kl is None


def test_wilson() -> None:
    assert evaluate.wilson(0, 10) == pytest.approx((0, 27.75), abs=0.01)
    assert evaluate.wilson(10, 10) == pytest.approx((72.25, 100), abs=0.01)


def test_intervals_hold_the_truth_and_shrink_with_samples() -> None:
    random = np.random.default_rng(3)
    want = random.normal(size=(4000, 5))
    got = want + 0.1 * random.normal(size=want.shape)
    widths = []
    for count in (100, 1600):
        report = evaluate.compare(got[:count], None, want[:count], logits=True)
        for low, high in filter(None, (report.sqnr_interval, report.kl_interval)):
            widths.append(high - low)
        assert report.sqnr_interval is not None
        assert report.sqnr_interval[0] < 20 < report.sqnr_interval[1]
    assert widths[0] / widths[2] == pytest.approx(4, rel=0.3)
    assert widths[1] / widths[3] == pytest.approx(4, rel=0.3)
    assert evaluate.compare(want, None, want).sqnr_interval is None


def test_confusion() -> None:
    chosen = np.eye(3)[[0, 1, 1, 2]]
    report = evaluate.compare(chosen, np.array([0, 1, 2, 2]), None)
    assert report.confusion == ((0, 0, 1), (1, 1, 1), (2, 1, 1), (2, 2, 1))
    assert evaluate.compare(chosen[:, :1], np.zeros(4, int), None).confusion is None


def test_report_is_json() -> None:
    report = evaluate.compare(np.eye(2), None, np.eye(2))
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["sqnr_db"] is None
    assert evaluate.compare(np.eye(2), None, None).as_dict()["agreement"] is None


def test_what_does_not_match() -> None:
    for labels, other, message in (
        (np.zeros(3, int), None, "3 labels for 2 outputs"),
        (None, np.eye(3), "3 reference outputs"),
        (np.array([0, 7]), None, "outside of the model's 2 classes"),
        (None, np.zeros((2, 5)), "the reference has 5"),
    ):
        with pytest.raises(DataError, match=message):
            evaluate.compare(np.eye(2), labels, other)
    with pytest.raises(DataError, match="no samples"):
        evaluate.evaluate(lambda batch: batch, np.zeros((0, 2)))


def test_inputs_and_outputs() -> None:
    x = np.array([[0.25, -0.25, 1e9, -1e9]])
    q = evaluate.to_input(INT8, x)
    assert q.tolist() == [[4, 2, 127, -128]]  # halves go away from zero
    assert evaluate.to_input(INT8, q) is q
    assert evaluate.from_output(INT8, np.array([[5]], np.int8)).tolist() == [[1.0]]
    real = Tensor("t", (1, 4), np.dtype(np.float32))
    assert evaluate.to_input(real, x).dtype == np.float32
    assert evaluate.from_output(real, x.astype(np.float32)).dtype == np.float32
    with pytest.raises(DataError, match="NaN"):
        evaluate.to_input(INT8, np.array([[np.nan] * 4]))


def test_before_softmax() -> None:
    graph = classifier()
    x = noise(graph)
    for full in (graph, quantize(graph, x, io="float32").graph):
        cut = evaluate.before_softmax(full)
        assert cut is not None
        assert cut.nodes[-1].op == "FULLY_CONNECTED"
    cut = evaluate.before_softmax(graph)
    assert cut is not None
    e = np.exp(reference.run(cut, [x])[0])
    assert np.allclose(e / e.sum(1, keepdims=True), reference.run(graph, [x])[0], atol=1e-6)
    net = Net()
    assert evaluate.before_softmax(net.graph(net.dense(net.input(1, 4), 2))) is None
