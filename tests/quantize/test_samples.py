# SPDX-License-Identifier: Apache-2.0
"""Calibration data: what is taken, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeinfer.errors import DataError
from edgeinfer.quantize.samples import check, load
from tests.quantize.networks import Net, classifier, noise

GRAPH = classifier()
X = noise(GRAPH)


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path / "samples.npz", **arrays)
    return path / "samples.npz"


def test_npz_with_labels(tmp_path: Path) -> None:
    samples = load(save(tmp_path, x=X, y=np.arange(20) % 3), GRAPH)
    assert np.array_equal(samples.inputs[0], X)
    assert samples.labels is not None
    assert samples.labels.dtype == np.int64
    assert samples.warnings == ()
    assert len(samples.first(12)) == 12


@pytest.mark.parametrize("name", ["img", "input0", "data"])
def test_the_only_array_that_fits_is_taken(tmp_path: Path, name: str) -> None:
    arrays = {name: X, "other": np.zeros((20, 5)), "y": np.zeros(20)}
    assert np.array_equal(load(save(tmp_path, **arrays), GRAPH).inputs[0], X)


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X.astype(np.float64))
    samples = load(tmp_path / "a.npy", GRAPH)
    assert samples.inputs[0].dtype == np.float32
    assert samples.labels is None


def test_batch_dimensions() -> None:
    assert check(GRAPH, X[0]).inputs[0].shape == (1, 8, 8, 2)
    assert check(GRAPH, X[:, None]).inputs[0].shape == (20, 8, 8, 2)


def test_integers_are_taken_with_a_warning() -> None:
    images = np.random.default_rng(0).integers(0, 256, X.shape).astype(np.uint8)
    samples = check(GRAPH, images)
    assert samples.inputs[0].max() > 200
    assert "uint8 numbers from 0 to 255" in samples.warnings[0]


def test_few_and_equal_samples_are_warned_of() -> None:
    assert "Only 3 samples" in check(GRAPH, X[:3]).warnings[0]
    assert "are the same" in check(GRAPH, np.repeat(X[:1], 12, 0)).warnings[0]


def test_one_hot_labels() -> None:
    labels = check(GRAPH, {"x": X, "y": np.eye(3)[np.arange(20) % 3]}).labels
    assert labels is not None
    assert labels.tolist() == [i % 3 for i in range(20)]


def bad(kind: str) -> Any:
    x = X.copy()
    if kind == "nan":
        x[4, 0, 0, 0] = np.nan
    if kind == "infinite":
        x[4:6, 0, 0, 0] = np.inf
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": bad("nan")}, r"1 of 20 samples .* NaN or infinity \(the first is sample 4\)"),
        ({"x": bad("infinite")}, "2 of 20 samples"),
        ({"x": np.full((20, 8, 8, 2), 1e300)}, "20 of 20 samples"),
        ({"x": X[:0]}, "no samples"),
        ({"x": np.zeros((20, 8, 8, 2))}, "All values for input 'input0' are 0"),
        ({"x": X.reshape(20, 128)}, r"shape \(20, 128\), but .* takes \[n, 8, 8, 2\]"),
        ({"x": X.transpose(0, 3, 1, 2)}, r"\(20, 2, 8, 8\)"),
        ({"x": np.array(3.0)}, r"shape \(\)"),
        ({"x": X.astype(complex)}, "type complex128"),
        ({"x": np.full(X.shape, "a")}, "type <U1"),
        ({"a": X, "b": X}, "more than one fits"),
        ({"a": X[0, 0], "b": X[0, 0]}, "none fits"),
        ({"y": np.arange(20)}, "There are no samples"),
        ({}, "There are no samples"),
        ({"x": X, "y": np.arange(19)}, "19 labels for 20 samples"),
        ({"x": X, "y": np.full(20, 0.5)}, "not class numbers"),
        ({"x": X, "y": np.full(20, -1)}, "not class numbers"),
    ],
)
def test_what_cannot_be_right(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(save(tmp_path, **arrays), GRAPH)
    assert caught.value.remedy
    assert "samples.npz" in caught.value.what


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a .npz or .npy file"),
        (b"a,b\n1,2\n", "not a .npz or .npy file"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"\x93NUMPY\x01\x00", "not a .npz or .npy file"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(tmp_path / "a.npz", GRAPH)


def test_missing_truncated_pickled_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        load(tmp_path / "absent.npz", GRAPH)
    with pytest.raises(DataError, match="takes no images"):
        load(tmp_path, GRAPH)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DataError, match="of numbers"):
        load(tmp_path / "objects.npy", GRAPH)
    np.savez_compressed(tmp_path / "c.npz", x=X)
    whole = bytearray((tmp_path / "c.npz").read_bytes())
    for damaged in (whole[:-30], whole[:200] + bytes(200) + whole[400:]):
        (tmp_path / "d.npz").write_bytes(damaged)
        with pytest.raises(DataError):
            load(tmp_path / "d.npz", GRAPH)


def test_several_inputs() -> None:
    net = Net()
    a, b = net.input(1, 4, name="left"), net.input(1, 4, name="right")
    graph = net.graph(net.op("ADD", a, b, shape=(1, 4)))
    x = np.random.default_rng(0).normal(size=(12, 4))
    samples = check(graph, {"right": 2 * x, "left": x})
    assert np.allclose(samples.inputs[1], 2 * samples.inputs[0])
    with pytest.raises(DataError, match="no samples for input 'right'"):
        check(graph, {"left": x})
    with pytest.raises(DataError, match="different numbers"):
        check(graph, {"left": x, "right": x[:5]})
