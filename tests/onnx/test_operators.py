# SPDX-License-Identifier: Apache-2.0
"""Every operator of ONNX that is read gives what onnx's own reference gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgeinfer.onnx.operators import OPERATORS
from tests.onnx.networks import Net, check, ops

SIZE = (1, 4, 7, 6)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pads": [1, 1, 1, 1]},
        {"pads": [1, 1, 1, 1], "strides": [2, 2]},
        {"pads": [0, 1, 2, 1], "strides": [2, 1]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        {"dilations": [2, 2], "pads": [2, 2, 2, 2]},
    ],
)
def test_conv(attributes: dict[str, Any]) -> None:
    net = Net(*SIZE)
    check(net, net.conv("x", 5, 4, **attributes), count=2)


def test_conv_in_groups() -> None:
    for group, outputs in ((2, 6), (4, 4), (4, 8)):
        net = Net(*SIZE)
        graph = check(net, net.conv("x", outputs, 4 // group, group=group), count=2)
        assert ops(graph) == ["CONV_2D" if group == 2 else "DEPTHWISE_CONV_2D"]


def test_padding_that_tflite_has_needs_no_node() -> None:
    net = Net(*SIZE)
    assert ops(check(net, net.conv("x", 5, 4, pads=[1, 1, 1, 1]))) == ["CONV_2D"]
    net = Net(1, 4, 8, 8)
    stride = {"pads": [1, 1, 1, 1], "strides": [2, 2]}
    assert ops(check(net, net.conv("x", 5, 4, **stride))) == ["PAD", "CONV_2D"]


def test_one_dimension() -> None:
    net = Net(1, 3, 20)
    x = net.op("Conv", "x", net.weights(6, 3, 5), pads=[2, 2], strides=[2])
    x = net.op("Relu", net.norm(x, 6))
    x = net.op("MaxPool", x, kernel_shape=[2], strides=[2])
    x = net.op("Conv", x, net.weights(6, 1, 3), group=6, pads=[2, 2], dilations=[2])
    y = net.op("Flatten", x)
    y = net.op("Gemm", y, net.weights(30, 4), net.weights(4))
    graph = check(net, y, x, count=3)
    assert "TRANSPOSE" not in ops(graph)
    assert graph.tensors[graph.inputs[0]].shape == (1, 20, 3)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"strides": [2, 3], "pads": [0, 1, 2, 1]},
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    ],
)
def test_conv_transpose(attributes: dict[str, Any]) -> None:
    net = Net(*SIZE)
    check(net, net.op("ConvTranspose", "x", net.weights(4, 5, 4, 4), net.weights(5), **attributes))


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1},
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"},
    ],
)
def test_max_pool(attributes: dict[str, Any], positive: bool) -> None:
    net = Net(*SIZE)
    check(net, net.op("MaxPool", net.op("Relu", "x") if positive else "x", **attributes), count=2)


@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 1]},
        {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1},
    ],
)
def test_average_pool(attributes: dict[str, Any]) -> None:
    net = Net(*SIZE)
    check(net, net.op("AveragePool", "x", **attributes), count=2)


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("Relu", {}),
        ("Sigmoid", {}),
        ("Tanh", {}),
        ("HardSwish", {}),
        ("HardSigmoid", {"alpha": 1 / 6}),
        ("LeakyRelu", {"alpha": 0.3}),
        ("Elu", {}),
        ("Exp", {}),
        ("Abs", {}),
        ("Neg", {}),
        ("Identity", {}),
        ("Dropout", {}),
        ("Cast", {"to": 1}),
        ("Softmax", {"axis": 1}),
        ("Softmax", {"axis": -1}),
        ("Softmax", {"axis": 2}),
        ("GlobalAveragePool", {}),
        ("GlobalMaxPool", {}),
        ("ReduceMean", {"axes": [2, 3], "keepdims": 0}),
        ("ReduceMean", {"axes": [-1]}),
        ("ReduceMax", {"axes": [1], "keepdims": 0}),
        ("ReduceMin", {"axes": [2]}),
        ("Transpose", {"perm": [0, 2, 3, 1]}),
        ("Transpose", {"perm": [0, 3, 1, 2]}),
        ("Flatten", {}),
        ("Flatten", {"axis": 2}),
    ],
)
def test_of_one_tensor(op: str, attributes: dict[str, Any]) -> None:
    net = Net(*SIZE)
    after = net.conv("x", 4, 4, pads=[1, 1, 1, 1])
    check(net, net.op(op, after, **attributes))
    plain = Net(2, 5)
    if op not in ("GlobalAveragePool", "GlobalMaxPool") and not {*attributes} & {
        "perm",
        "axes",
        "axis",
    }:
        check(plain, plain.op(op, "x", **attributes))


def test_sums_roots_and_squares() -> None:
    net = Net(2, 30)
    square = net.op("Pow", "x", net.const(2))
    check(net, square, net.op("Sqrt", square), net.op("Pow", square, net.const([0.5])),
          net.op("Sum", "x", square, net.const(1), "x"))  # fmt: skip


def test_gelu() -> None:
    for how in ("none", "tanh"):
        net = Net(2, 30, opset=20)
        check(net, net.op("Gelu", "x", approximate=how))


@pytest.mark.parametrize(
    ("low", "high", "op"),
    [
        (0, 6, ["RELU6"]),
        (0, None, ["RELU"]),
        (0, 1, ["RELU_0_TO_1"]),
        (-1, 1, ["RELU_N1_TO_1"]),
        (-0.5, 0.75, ["MAXIMUM", "MINIMUM"]),
    ],
)
def test_clip(low: float, high: float | None, op: list[str]) -> None:
    net = Net(2, 30)
    limits = [net.const(v) if v is not None else "" for v in (low, high)]
    assert ops(check(net, net.op("Clip", "x", *limits))) == op
    old = Net(2, 30, opset=10)
    given = {k: float(v) for k, v in (("min", low), ("max", high)) if v is not None}
    assert ops(check(old, old.op("Clip", "x", **given))) == op


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Max", "Min"])
@pytest.mark.parametrize("shape", [(), (1,), (6,), (4, 1, 1), (1, 4, 1, 1), (7, 1), (1, 4, 7, 6)])
def test_of_a_tensor_and_a_constant(op: str, shape: tuple[int, ...]) -> None:
    net = Net(*SIZE)
    c = net.const(net.random.uniform(0.5, 2, shape))
    x = net.conv("x", 4, 4, pads=[1, 1, 1, 1])
    check(net, net.op(op, x, c), net.op("Exp", x) if op == "Div" else net.op(op, c, x))


def test_of_two_tensors() -> None:
    net = Net(*SIZE)
    a = net.conv("x", 4, 4, pads=[1, 1, 1, 1])
    gate = net.op("Sigmoid", net.conv(net.op("GlobalAveragePool", a), 4, 4, 1))
    b = net.op("Mul", a, gate)
    check(net, net.op("Add", b, "x"), net.op("Concat", a, b, "x", axis=1), count=2)
    moved = Net(*SIZE)
    t = moved.op("Transpose", moved.conv("x", 6, 4, pads=[1, 1, 1, 1]), perm=[0, 3, 2, 1])
    check(moved, moved.op("Add", t, moved.op("Transpose", t, perm=[0, 1, 2, 3])))


def test_prelu() -> None:
    net = Net(*SIZE)
    slope = net.const(net.random.uniform(0.1, 0.5, (4, 1, 1)))
    check(net, net.op("PRelu", net.conv("x", 4, 4), slope))


def test_batch_normalization() -> None:
    net = Net(*SIZE)
    check(net, net.norm(net.conv("x", 5, 4), 5), count=2)
    check(net, net.norm("x", 4))
    dense = Net(3, 6)
    check(dense, dense.norm("x", 6))


def test_gemm_and_matmul() -> None:
    net = Net(2, 6)
    x = net.op("Gemm", "x", net.weights(5, 6), net.weights(5), transB=1, alpha=0.5, beta=2.0)
    x = net.op("Add", net.op("MatMul", x, net.weights(5, 3)), net.weights(3))
    check(net, x, net.op("Gemm", "x", net.weights(6, 2)))
    wide = Net(1, 4, 6)
    check(wide, wide.op("MatMul", "x", wide.weights(6, 3)), last=False)


def test_flattened_channels_need_no_transposition() -> None:
    net = Net(*SIZE)
    x = net.op("Relu", net.op("Flatten", net.conv("x", 5, 4)))
    graph = check(net, net.op("Gemm", x, net.weights(100, 3), net.weights(3)), count=3)
    assert "TRANSPOSE" not in ops(graph)
    assert "TRANSPOSE" in ops(check(net, x))


@pytest.mark.parametrize("shape", [[0, -1], [1, 168], [1, 2, 2, 7, 6], [0, 4, -1]])
def test_reshape(shape: list[int]) -> None:
    net = Net(*SIZE)
    check(net, net.op("Reshape", net.conv("x", 4, 4, pads=[1, 1, 1, 1]), net.ints(*shape)))


def test_squeeze_and_unsqueeze() -> None:
    net = Net(1, 12, 8)
    image = net.op("Unsqueeze", "x", net.ints(1))
    pooled = net.op("GlobalAveragePool", net.conv(image, 5, 1))
    check(net, net.op("Squeeze", pooled, net.ints(2, 3)), net.op("Squeeze", pooled, net.ints(3)),
          last=False)  # fmt: skip
    old = Net(1, 5, 1, 1, opset=11)
    check(old, old.op("Unsqueeze", old.op("Squeeze", "x", axes=[2, 3]), axes=[0]), last=False)


def test_slice_split_concat() -> None:
    net = Net(*SIZE)
    x = net.conv("x", 4, 4, pads=[1, 1, 1, 1])
    part = net.op("Slice", x, net.ints(1, -5), net.ints(3, 99), net.ints(1, 2), net.ints(1, 2))
    a, b = net.op("Split", x, net.ints(1, 3), axis=1, outputs=2)
    check(net, part, net.op("Concat", b, a, axis=1), net.op("Concat", x, x, axis=3))
    old = Net(*SIZE, opset=9)
    check(old, old.op("Slice", "x", starts=[1], ends=[3], axes=[1]), last=False)
    old = Net(*SIZE, opset=11)
    check(old, *old.op("Split", old.conv("x", 4, 4), axis=1, split=[1, 3], outputs=2))


def test_pad() -> None:
    net = Net(*SIZE)
    x, pads = net.conv("x", 4, 4), net.ints(0, 1, 2, 0, 0, 0, 1, 3)
    few = net.ints(0, 0, 1, 2, 0, 0, 1, 1)
    check(net, net.op("Pad", x, pads), net.op("Pad", x, pads, net.const(0.5)),
          net.op("Pad", x, few, mode="reflect"))  # fmt: skip
    old = Net(*SIZE, opset=10)
    check(old, old.op("Pad", old.conv("x", 4, 4), pads=[0, 0, 1, 1, 0, 0, 2, 2]))


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        ("nearest", "half_pixel"),
        ("nearest", "asymmetric"),
        ("linear", "half_pixel"),
        ("linear", "asymmetric"),
        ("linear", "align_corners"),
    ],
)
def test_resize(mode: str, how: str) -> None:
    given = {"mode": mode, "coordinate_transformation_mode": how}
    if (mode, how) == ("nearest", "asymmetric"):
        given["nearest_mode"] = "floor"
    net = Net(*SIZE)
    x = net.conv("x", 4, 4)
    by = net.op("Resize", x, "", net.const([1, 1, 2, 3]), **given)
    # The reference weighs neighbours in steps of 1/1024, as int8 does.
    close = 0.02 if mode == "linear" else 1e-5
    check(net, by, net.op("Resize", x, "", "", net.ints(1, 4, 10, 8), **given), close=close)


def test_upsample() -> None:
    net = Net(*SIZE, opset=9)
    check(net, net.op("Upsample", net.conv("x", 4, 4), net.const([1, 1, 2, 2]), mode="nearest"))


def test_reduce_sum_and_older_means() -> None:
    net = Net(*SIZE)
    x = net.conv("x", 4, 4)
    check(net, net.op("ReduceSum", x, net.ints(1), keepdims=0), net.op("ReduceSum", x))
    new = Net(*SIZE, opset=18)
    check(new, new.op("ReduceMean", new.conv("x", 4, 4), new.ints(2, 3), keepdims=0))


def test_softmax_of_an_older_opset() -> None:
    net = Net(3, 5, opset=11)
    check(net, net.op("Softmax", "x"))
    net = Net(*SIZE, opset=11)
    check(net, net.op("Softmax", net.op("GlobalAveragePool", net.conv("x", 4, 4)), axis=1))


def test_shapes_computed_from_shapes_are_constants() -> None:
    net = Net("n", 4, 7, 6)
    x = net.conv("x", 5, 4)
    n = net.op("Gather", net.op("Shape", x), net.const(0, np.int64), axis=0)
    rows = net.op("Unsqueeze", n, net.ints(0))
    shape = net.op("Concat", rows, net.ints(-1), axis=0)
    y = net.op("Gemm", net.op("Reshape", x, shape), net.weights(100, 3), net.weights(3))
    graph = check(net, y, count=2)
    assert ops(graph) == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]


def test_transposes_that_cancel_are_not_there() -> None:
    net = Net(1, 7, 6, 4)
    x = net.op("Relu", net.conv(net.op("Transpose", "x", perm=[0, 3, 1, 2]), 5, 4))
    graph = check(net, net.op("Transpose", x, perm=[0, 2, 3, 1]), last=False)
    assert ops(graph) == ["CONV_2D", "RELU"]


def test_every_operator_is_in_a_test() -> None:
    source = open(__file__, encoding="utf-8").read()  # noqa: SIM115, PTH123
    own = {"Conv": "net.conv", "BatchNormalization": "net.norm"}
    assert not [op for op in OPERATORS if own.get(op, f'"{op}"') not in source]
