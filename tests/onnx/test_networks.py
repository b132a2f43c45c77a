# SPDX-License-Identifier: Apache-2.0
"""Whole networks from ONNX: read without transpositions, quantized by the command, and refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from edgeinfer import importers
from edgeinfer.cli import main
from edgeinfer.demo.digits import load
from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Array
from tests.onnx.networks import Net, check, ops


def separable() -> tuple[Net, str]:
    """Two blocks with batch normalization, one of them residual and gated, as MobileNetV3 has."""
    net = Net("batch", 3, 16, 16)
    x = net.op("HardSwish", net.norm(net.conv("x", 8, 3, pads=[1, 1, 1, 1], strides=[2, 2]), 8))
    y = net.conv(x, 8, 1, group=8, pads=[1, 1, 1, 1])
    y = net.op("Relu", net.norm(y, 8))
    gate = net.conv(net.op("GlobalAveragePool", y), 8, 8, 1)
    y = net.op("Mul", y, net.op("HardSigmoid", gate, alpha=1 / 6, beta=0.5))
    x = net.op("Add", x, net.norm(net.conv(y, 8, 8, 1), 8))
    x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = net.op("Clip", net.norm(net.conv(x, 12, 8), 12), net.const(0), net.const(6))
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    return net, net.op("Softmax", net.op("Gemm", x, net.weights(5, 12), net.weights(5), transB=1))


def test_a_network_is_read_without_transpositions() -> None:
    graph = check(*separable(), count=3)
    assert "TRANSPOSE" not in ops(graph)
    assert graph.tensors[graph.inputs[0]].shape == (1, 16, 16, 3)


def digits(path: Path) -> tuple[Array, Array]:
    """A classifier of handwritten digits whose dense layer is trained; samples and labels that it
    was not trained on, channels first."""
    train, labels, test, wanted = load()
    first, last = (np.moveaxis(x, -1, 1).astype(np.float32) for x in (train, test))
    net = Net("n", *first.shape[1:], seed=3)
    x = net.op("Relu", net.norm(net.conv("x", 24, 1, pads=[1, 1, 1, 1]), 24))
    x = net.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.op("Relu", net.norm(net.conv(x, 32, 24), 32))
    features = net.op("Flatten", x)
    found = ReferenceEvaluator(net.model(features)).run(None, {"x": first})[0]
    padded = np.concatenate([found, np.ones((len(found), 1), np.float32)], 1)
    gram = padded.T @ padded + 0.1 * np.eye(padded.shape[1])
    solved = np.linalg.solve(gram, padded.T @ (8 * np.eye(10)[labels]))
    dense = net.op("MatMul", features, net.const(solved[:-1]))
    net.save(path, net.op("Softmax", net.op("Add", dense, net.const(solved[-1]))))
    return last, wanted


def test_the_command_takes_onnx_and_samples_with_channels_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "digits.onnx", tmp_path / "digits_int8.tflite"
    x, y = digits(model)
    np.savez(tmp_path / "x.npz", x=x, y=y)
    assert (
        main(["quantize", str(model), "--calib", str(tmp_path / "x.npz"), "-n", "100", "--json"])
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert made["output"] == str(out)
    assert made["float_top1"] > 90
    assert made["agreement"] > 97
    assert made["sqnr_db"] > 20
    assert [row["op"] for row in made["layers"]] == [
        "input", "CONV_2D", "MAX_POOL_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX",
    ]  # fmt: skip
    words = ["eval", str(out), "--data", str(tmp_path / "x.npz"), "--reference", str(model)]
    assert main([*words, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["top1"], again["agreement"]) == (made["top1"], made["agreement"])
    np.savez(tmp_path / "last.npz", x=np.moveaxis(x, 1, -1), y=y)
    words[3] = str(tmp_path / "last.npz")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["top1"] == made["top1"]


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises((UnsupportedError, ModelError)) as caught:
        importers.read_file(path)
    return caught.value.what, caught.value.remedy


def test_what_is_not_read_names_node_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    net = Net(1, 3, 8, 8)
    what, remedy = refusal(net.save(path, net.op("Cos", net.conv("x", 4, 3))))
    assert "ONNX node 1 (Cos 'node1'): this operator is not supported" in what
    assert "Change this layer" in remedy
    net = Net(1, 3, "height", 8)
    what, remedy = refusal(net.save(path, net.conv("x", 4, 3)))
    assert "Input 'x' of shape (1, 3, 'height', 8) has no fixed shape." in what
    assert "fixed sizes" in remedy
    net = Net(2, 3)
    what, _ = refusal(net.save(path, net.op("MatMul", "x", net.op("Transpose", "x"))))
    assert "a second factor that is not a constant" in what
    net = Net(1, 3, 8, 8)
    what, _ = refusal(net.save(path, net.conv("x", 4, 5)))
    assert "ONNX node 0 (Conv 'node0')" in what
    net = Net(1, 3, 8, 8)
    what, _ = refusal(net.save(path, net.op("Concat", net.conv("x", 4, 3), "x")))
    assert "ONNX node 1 (Concat 'node1') contradicts itself" in what
    path.write_bytes(b"\x08not onnx")
    assert "no sound ONNX file" in refusal(path)[0]
    assert "no sound ONNX file" in refusal(tmp_path / "absent.onnx")[0]
    net = Net(1, 3, 8, 8)
    model = net.model(net.conv("x", 4, 5))
    apart = {"save_as_external_data": True, "location": "net.data", "size_threshold": 0}
    onnx.save(model, path, **apart)
    (tmp_path / "net.data").unlink()
    assert ".data file" in refusal(path)[1]


def test_other_ways_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.pt", "b.pth"):
        assert "torch.onnx.export" in refusal(tmp_path / name)[1]
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "onnx" else find(name, *a)
    )
    assert "pip install 'edgeinfer[onnx]'" in refusal(tmp_path / "net.onnx")[1]
