# SPDX-License-Identifier: Apache-2.0
"""Whole layers that go: each pass on a network made for it, and on random ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeinfer import reference, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import UnsupportedError
from edgeinfer.fold import folded
from edgeinfer.graph import Graph, Quant
from edgeinfer.optimize import PASSES, optimize
from tests.optimize.networks import Net, network
from tests.optimize.test_channels import same_bytes


def operators(graph: Graph, name: str) -> list[str]:
    """The operators that a pass leaves; all bytes stay."""
    made = same_bytes(graph, (name,))
    gone = len(graph.nodes) - len(made.graph.nodes)
    assert sum(r.layers for r in made.removed) == gone
    assert {r.what for r in made.removed} <= {name}
    return [node.op for node in made.graph.nodes]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32))
@pytest.mark.parametrize("name", PASSES)
def test_each_pass_keeps_every_byte_of_random_networks(name: str, seed: int) -> None:
    same_bytes(network(seed), (name,), seed)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_all_passes_together_keep_every_byte(seed: int) -> None:
    same_bytes(network(seed), None, seed)


def test_layers_that_nobody_reads_go_with_their_weights() -> None:
    net = Net()
    x = net.input(1, 4, 4, 2)
    y = net.conv(x, 3)
    net.conv(net.conv(y, 4, 1), 5, 1)
    graph = net.graph(y)
    assert operators(graph, "dead-layers") == ["CONV_2D"]
    removed = same_bytes(graph, ("dead-layers",)).removed
    assert [r.weight_bytes for r in removed] == [3 * 4 + 4 * 4, 4 * 5 + 5 * 4]


def test_layers_of_constants_are_computed() -> None:
    net = Net()
    x = net.input(1, 3, 3, 4)
    fixed = net.const(np.array([[5, -3, 100, -128]], np.int8), net.quant(0))
    y = net.binary("ADD", x, net.unary("RELU", net.reshape(fixed, 1, 1, 1, 4)))
    assert operators(net.graph(y), "fold-constants") == ["ADD"]


def test_a_constant_that_is_an_output_is_still_made() -> None:
    net = Net()
    net.input(1, 3)
    y = net.unary("RELU", net.const(np.array([[5, -3, 100]], np.int8), net.quant(0)))
    assert operators(net.graph(y), "fold-constants") == ["RELU"]


def test_constants_that_no_reference_computes_are_refused() -> None:
    net = Net()
    x = net.input(1, 3)
    odd = net.unary("LOGICAL_NOT", net.const(np.array([[5, -3, 100]], np.int8), net.quant(0)))
    with pytest.raises(UnsupportedError, match=r"layer 0 \(LOGICAL_NOT 't\d'\): type int8"):
        compile_graph(net.graph(net.binary("ADD", x, odd)))


def test_large_weights_are_folded_but_nothing_grows_large() -> None:
    net = Net()
    half = net.const(np.ones((44, 50_000), np.float16))
    real = net.node("DEQUANTIZE", (half,), net.tensor((44, 50_000), None), {})
    net.tensors[real] = replace(net.tensors[real], dtype=np.dtype(np.float32))
    dims, one = net.const(np.array([5000, 1000], np.int32)), net.const(np.array(1, np.int8))
    filled = net.node("FILL", (dims, one), net.tensor((5000, 1000), None), {})
    graph = net.graph(net.unary("RELU", real), net.unary("RELU", filled))
    assert [node.op for node in folded(graph).nodes] == ["FILL", "RELU", "RELU"]


def twins(second_bias: int = 0) -> Graph:
    """The same convolution twice from equal constants, added; maybe with another bias."""
    net = Net()
    x = net.input(1, 4, 4, 2)
    a = net.conv(x, 3)
    _, w, b = net.nodes[-1].inputs
    data = net.tensors[b].data
    assert data is not None
    others = [net.tensors[w], replace(net.tensors[b], data=data + np.int32(second_bias))]
    copies = [net.const(np.array(t.data), t.quant) for t in others]
    out = net.tensor(net.tensors[a].shape, net.tensors[a].quant)
    again = net.nodes[-1]
    c = net.node(again.op, (x, *copies), out, dict(again.options), again.options_type)
    return net.graph(net.binary("ADD", a, c))


def test_equal_layers_are_computed_once() -> None:
    assert operators(twins(), "duplicate-layers") == ["CONV_2D", "ADD"]
    assert operators(twins(1), "duplicate-layers") == ["CONV_2D", "CONV_2D", "ADD"]


def test_no_layer_joins_a_tensor_with_itself() -> None:
    """Kernels that join take each tensor once, so that equal parts stay two."""
    net = Net()
    x = net.input(1, 3, 3, 2)
    a, b = (net.unary("RELU", x, Quant.per_tensor(0.1, 0)) for _ in range(2))
    graph = net.graph(net.concat(a, b))
    assert operators(graph, "duplicate-layers") == ["RELU", "RELU", "CONCATENATION"]
    compile_graph(graph)


def test_an_input_that_nothing_needs_stays() -> None:
    net = Net()
    x, z = net.input(1, 9), net.input(1, 9)
    net.unary("RELU", x)
    graph = net.graph(net.unary("RELU", z))
    assert operators(graph, "dead-layers") == ["RELU"]
    assert len(compile_graph(graph).optimized.graph.inputs) == 2


def test_copies_are_read_through() -> None:
    net = Net()
    x = net.unary("RELU", net.input(1, 4, 4, 2))
    x = net.unary("QUANTIZE", x, net.tensors[x].quant)  # to its own scale
    other = Quant.per_tensor(float(net.tensors[x].scale), net.tensors[x].zero_point)
    x = net.unary("RELU", x, other)  # of what is not negative
    x = net.reshape(x, 1, 4, 4, 2)
    y = net.conv(x, 3, 1)
    assert operators(net.graph(y), "copies") == ["RELU", "CONV_2D"]


def test_equal_bytes_of_another_scale_become_a_reshape() -> None:
    net = Net()
    x = net.input(1, 4)
    net.tensors[x] = replace(net.tensors[x], quant=Quant.per_tensor(0.5, 0))
    y = net.unary("RELU", x, Quant.per_tensor(0.5, 0))
    z = net.unary("QUANTIZE", y, Quant.per_tensor(float(np.float32(0.5000001)), 0))
    assert operators(net.graph(z), "copies") == ["RELU", "RESHAPE"]


def test_moves_that_cancel_each_other_go() -> None:
    net = Net()
    once = net.flip(net.unary("RELU", net.input(1, 4, 3, 2)))
    y = net.conv(net.flip(once), 3, 1)
    assert operators(net.graph(y), "copies") == ["RELU", "CONV_2D"]
    assert operators(net.graph(y, once), "copies") == ["RELU", "STRIDED_SLICE", "CONV_2D"]


def test_shapes_are_constants(shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / "float" / "mobilenet_v1_025_128_float.tflite")
    made = optimize(graph, ["fold-constants"])
    gone = [r.op for r in made.removed]
    assert gone == ["SHAPE", "STRIDED_SLICE", "PACK"]
    assert not {node.op for node in made.graph.nodes} & set(gone)
    (shape,) = (n.inputs[1] for n in made.graph.nodes if n.op == "RESHAPE")
    data = made.graph.tensors[shape].data
    assert data is not None
    assert data.tolist() == [1, 1000]


@pytest.mark.parametrize(
    ("zero", "layer", "fused"),
    [
        (-128, "CONV_2D", True),
        (5, "CONV_2D", True),
        (5, "DEPTHWISE_CONV_2D", True),
        (-128, "MAX_POOL_2D", True),
        (5, "MAX_POOL_2D", False),  # the maximum may be the padded zero point
        (-128, "AVERAGE_POOL_2D", False),  # padded zero points count
    ],
)
def test_padding_goes_into_the_window(zero: int, layer: str, fused: bool) -> None:
    net = Net(2)
    x = net.input(1, 5, 6, 3)
    net.tensors[x] = replace(net.tensors[x], quant=net.quant(zero))
    x = net.pad(x)
    if layer == "CONV_2D":
        y = net.conv(x, 4, 3, 2)
    else:
        y = net.depthwise(x) if layer == "DEPTHWISE_CONV_2D" else net.pool(layer, x)
    assert operators(net.graph(y), "fuse-pad") == ([layer] if fused else ["PAD", layer])


def test_padding_wider_than_the_window_stays() -> None:
    net = Net()
    x = net.pad(net.input(1, 4, 4, 2), right=2)
    assert operators(net.graph(net.conv(x, 3)), "fuse-pad") == ["PAD", "CONV_2D"]


def test_padding_that_another_layer_reads_stays() -> None:
    net = Net()
    x = net.pad(net.input(1, 4, 4, 2))
    y = net.unary("RELU", x)
    made = same_bytes(net.graph(net.conv(x, 3), y), ("fuse-pad",))
    assert [node.op for node in made.graph.nodes] == ["PAD", "RELU", "CONV_2D"]
    assert made.graph.nodes[2].inputs[0] == net.inputs[0]


@pytest.mark.parametrize(("op", "code"), [("RELU", 1), ("RELU6", 3)])
def test_activations_of_the_same_scale_go_into_the_layer(op: str, code: int) -> None:
    net = Net()
    x = net.conv(net.input(1, 4, 4, 2), 3)
    net.tensors[x] = replace(net.tensors[x], quant=Quant.per_tensor(0.05, -20))
    y = net.unary(op, x, net.tensors[x].quant)
    made = same_bytes(net.graph(y), ("fuse-activations",))
    (node,) = made.graph.nodes
    assert node.options["fused_activation_function"] == code
    assert node.outputs == (y,)


def test_activations_of_another_scale_or_with_two_readers_stay() -> None:
    for output_too in (False, True):
        net = Net()
        x = net.conv(net.input(1, 4, 4, 2), 3)
        y = net.unary("RELU", x, net.tensors[x].quant if output_too else None)
        outputs = (y, x) if output_too else (y,)
        assert operators(net.graph(*outputs), "fuse-activations") == ["CONV_2D", "RELU"]


def test_tables_in_a_row_become_one() -> None:
    net = Net()
    x = net.unary("RELU6", net.unary("QUANTIZE", net.input(1, 9)))
    y = net.unary("LOGISTIC", x, Quant.per_tensor(1 / 256, -128))
    assert operators(net.graph(y), "merge-tables") == ["QUANTIZE"]
    assert operators(net.graph(y, x), "merge-tables") == ["QUANTIZE", "LOGISTIC"]


def test_a_hard_swish_made_of_five_layers_becomes_one_table() -> None:
    net = Net(4)
    x = net.conv(net.input(1, 3, 3, 2), 4)
    net.tensors[x] = replace(net.tensors[x], quant=Quant.per_tensor(0.05, -10))
    three = net.const(np.array(100, np.int8), Quant.per_tensor(0.03, 0))
    sixth = net.const(np.full((1, 1, 1, 4), 127, np.int8), Quant.per_tensor(1 / 6 / 127, 0))
    gate = net.unary("RELU6", net.binary("ADD", x, three), Quant.per_tensor(6 / 255, -128))
    y = net.binary("MUL", net.binary("MUL", x, gate), sixth)
    graph = net.graph(y)
    assert operators(graph, "merge-tables") == ["CONV_2D", "QUANTIZE"]
    # A reader within keeps its layers, and the table reads the same input.
    assert operators(replace(graph, outputs=(y, gate)), "merge-tables") == [
        "CONV_2D",
        "QUANTIZE",
        "QUANTIZE",
    ]


def test_a_detour_through_floats_becomes_a_table() -> None:
    net = Net()
    x = net.input(1, 9)
    real = net.node("DEQUANTIZE", (x,), net.tensor((1, 9), None), {}, "DequantizeOptions")
    net.tensors[real] = replace(net.tensors[real], dtype=np.dtype(np.float32))
    y = net.unary("QUANTIZE", real)
    assert operators(net.graph(y), "merge-tables") == ["QUANTIZE"]
    assert operators(net.graph(y, real), "merge-tables") == ["DEQUANTIZE", "QUANTIZE"]


def test_two_inputs_make_no_table() -> None:
    net = Net()
    x, z = net.input(1, 9), net.input(1, 9)
    y = net.binary("ADD", net.unary("RELU", x), net.unary("RELU", z))
    wide = net.const(np.array([[1, 2, 3] * 3], np.int8), net.quant())
    graph = net.graph(net.binary("MUL", y, wide))
    assert operators(graph, "merge-tables") == ["RELU", "RELU", "ADD", "MUL"]


def test_int8_becomes_int16_without_floats_between() -> None:
    net = Net()
    x = net.input(1, 9)
    real = net.node("DEQUANTIZE", (x,), net.tensor((1, 9), None), {}, "DequantizeOptions")
    net.tensors[real] = replace(net.tensors[real], dtype=np.dtype(np.float32))
    scale = np.float32(0.0437)
    net.tensors[x] = replace(net.tensors[x], quant=Quant.per_tensor(float(scale), 5))
    for ratio, left in ((64, ["QUANTIZE"]), (63.3, ["DEQUANTIZE", "QUANTIZE"])):
        y = net.unary("QUANTIZE", real, Quant.per_tensor(float(scale / np.float32(ratio)), 0))
        net.tensors[y] = replace(net.tensors[y], dtype=np.dtype(np.int16))
        graph = replace(net.graph(y), nodes=(net.nodes[0], net.nodes[-1]))
        made = optimize(graph, ["direct-quantize"]).graph
        assert [node.op for node in made.nodes] == left
        for row in np.arange(-128, 124).astype(np.int8).reshape(28, 1, 9):
            before, after = (reference.run(g, [row])[0] for g in (graph, made))
            assert np.array_equal(before, after)
