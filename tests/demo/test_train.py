# SPDX-License-Identifier: Apache-2.0
"""The demo's digits, its training, and the committed network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.demo import digits, train_digits
from edgeinfer.demo.export import to_graph
from edgeinfer.demo.layers import Adam, Array, Conv, Dense, Depthwise, Layer, MaxPool, Relu
from edgeinfer.errors import DataError
from edgeinfer.verify import TfliteReference


def predict(model: bytes, x: Array) -> Array:
    """TFLite's outputs, one sample at a time."""
    reference = TfliteReference(model)
    return np.array([reference.run([sample[None]])[0][0] for sample in x])


@pytest.fixture(scope="module")
def data() -> tuple[digits.Images, digits.Labels, digits.Images, digits.Labels]:
    return digits.load()


def test_split(data: tuple[Array, Any, Array, Any]) -> None:
    x_train, y_train, x_test, y_test = data
    assert x_train.shape == (1297, 8, 8, 1)
    assert x_test.shape == (500, 8, 8, 1)
    assert x_train.dtype == x_test.dtype == np.float32
    assert (x_train.min(), x_train.max()) == (0, 1)
    everything = [x.tobytes() for x in (*x_train, *x_test)]
    assert len(set(everything)) == 1797
    share = np.bincount(y_test) / (np.bincount(y_train) + np.bincount(y_test))
    assert np.allclose(share, 500 / 1797, atol=0.01)
    again = digits.load()
    assert all(data[i].tobytes() == again[i].tobytes() for i in range(4))


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=r"pip install edgeinfer\[train\]"):
        digits.load()
    assert train_digits.main(["-o", "unused.tflite"]) == 2


def test_committed_network(
    data: tuple[Array, Any, Array, Any], digits_float: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = digits_float.read_bytes()
    assert len(model) <= 60_000
    _, _, x_test, y_test = data
    found = predict(model, x_test)
    assert np.allclose(found.sum(1), 1, atol=1e-5)
    assert (found.argmax(1) == y_test).mean() >= 0.97
    graph = tflite.read(model)
    assert [node.op for node in graph.nodes] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "CONV_2D",
        "MAX_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]


def test_training(
    data: tuple[Array, Any, Array, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x_train, y_train, _, _ = data
    layers = train_digits.network(0)
    losses = list(train_digits.train(layers, x_train[:640], y_train[:640], epochs=3, seed=0))
    assert losses[2] < losses[1] < losses[0]
    paths = [tmp_path / "a.tflite", tmp_path / "b.tflite"]
    for path in paths:
        assert train_digits.main(["-o", str(path), "--epochs", "1"]) == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "of 500 test images recognized" in capsys.readouterr().out


def test_export_computes_what_was_trained() -> None:
    layers = train_digits.network(3)
    x = np.random.RandomState(0).random_sample((5, 8, 8, 1)).astype(np.float32)
    logits = train_digits.forward(layers, x)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(predict(tflite.write(to_graph(layers)), x), expected, atol=1e-6)


R = np.random.RandomState(0)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv(R, 3, 2, 3), (2, 4, 6, 2)),
        (Conv(R, 1, 2, 3), (2, 4, 4, 2)),
        (Depthwise(R, 3, 2, 1), (2, 4, 4, 2)),
        (Depthwise(R, 3, 2, 2), (2, 6, 5, 2)),
        (Relu(), (2, 3, 3, 2)),
        (MaxPool(), (2, 4, 4, 2)),
        (Dense(R, 18, 4), (2, 3, 3, 2)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else None,
)
def test_gradients(layer: Layer, shape: tuple[int, ...]) -> None:
    """Against central differences of a random projection of the output."""
    random = np.random.RandomState(1)
    x = random.normal(size=shape).astype(np.float32)
    toward = random.normal(size=layer.forward(x).shape).astype(np.float32)
    dx = layer.backward(toward)
    assert dx.shape == x.shape
    step = np.float32(1e-2)
    for values, gradient in ((x, dx), *zip(layer.params, layer.grads, strict=True)):
        for index in random.permutation(values.size)[:12]:
            at = np.unravel_index(index, values.shape)
            kept = values[at]
            sides = []
            for sign in (1, -1):
                values[at] = kept + sign * step
                sides.append(float((layer.forward(x).astype(np.float64) * toward).sum()))
            values[at] = kept
            assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(gradient[at], abs=2e-3)


def test_adam_first_step() -> None:
    layer = Dense(R, 2, 2)
    before = [p.copy() for p in layer.params]
    layer.grads = (np.ones((2, 2), np.float32), np.full(2, -3, np.float32))
    Adam([layer]).update(0.1)
    assert np.allclose(layer.params[0], before[0] - 0.1, atol=1e-4)
    assert np.allclose(layer.params[1], before[1] + 0.1, atol=1e-4)
