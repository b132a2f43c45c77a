# SPDX-License-Identifier: Apache-2.0
"""Small networks, each a special case of the specification, through the whole pipeline."""

from __future__ import annotations

import numpy as np
import pytest

from edgeinfer import evaluate, reference, tflite
from edgeinfer.errors import QuantizeError
from edgeinfer.quantize import quantize
from edgeinfer.verify import TfliteReference
from tests.quantize.networks import CONV, POOL, Net, by_name, classifier, noise, oracle, through


@pytest.mark.parametrize("ranges", ["minmax", "percentile"])
@pytest.mark.parametrize("per_channel", [True, False])
def test_classifier(ranges: str, per_channel: bool) -> None:
    graph = classifier()
    made = through(graph, noise(graph), ranges=ranges, per_channel=per_channel)
    q = made.graph
    assert [t.name for t in q.tensors] == [t.name for t in graph.tensors]
    assert (q.inputs, q.outputs) == (graph.inputs, graph.outputs)
    assert {n.op: n.version for n in q.nodes} == {
        "CONV_2D": 3, "MAX_POOL_2D": 2, "RESHAPE": 1, "FULLY_CONNECTED": 4, "SOFTMAX": 2,
    }  # fmt: skip
    out = q.tensors[q.outputs[0]]
    assert (out.scale, out.zero_point) == (1 / 256, -128)
    conv, pool, reshape = (q.tensors[n.outputs[0]].quant for n in q.nodes[:3])
    assert conv is not None
    assert conv.equals(pool)
    assert conv.equals(reshape)
    weights, bias = (q.tensors[t] for t in q.nodes[0].inputs[1:])
    assert weights.dtype == np.int8
    assert bias.dtype == np.int32
    assert weights.quant is not None
    assert weights.quant.scale.size == (4 if per_channel else 1)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolution(per_channel: bool, bias: bool) -> None:
    net = Net()
    x = net.conv(net.input(1, 4, 5, 2), 3, fused_activation_function=1)
    inputs = (x, net.weights(6, 3, 3, 3), net.weights(6) if bias else -1)
    stride = {"padding": 0, "stride_h": 2, "stride_w": 2}
    size = net.const([1, 8, 10, 6], np.int32)
    y = net.op("TRANSPOSE_CONV", *inputs, size, shape=(1, 8, 10, 6), **stride)
    graph = net.graph(net.op("RELU", y, shape=(1, 8, 10, 6)))
    q = through(graph, noise(graph), per_channel=per_channel).graph
    assert [(n.op, n.version) for n in q.nodes[1:]] == [("TRANSPOSE_CONV", 3), ("RELU", 2)]
    weights = q.tensors[q.nodes[1].inputs[1]].quant
    assert weights is not None
    assert weights.scale.size == (6 if per_channel else 1)


def test_products_of_matrices() -> None:
    net = Net()
    x = net.input(1, 4, 6)
    y = net.op("BATCH_MATMUL", x, x, shape=(1, 4, 4), adj_y=True)
    graph = net.graph(net.op("BATCH_MATMUL", y, net.weights(1, 4, 3), shape=(1, 4, 3)))
    made = through(graph, noise(graph))
    assert [n.version for n in made.graph.nodes] == [2, 2]
    assert not made.warnings


def test_without_gradients_nothing_is_searched() -> None:
    net = Net()
    y = net.dense(net.input(1, 6), 5)
    most = net.op("REDUCE_MAX", y, net.const([1], np.int32), shape=(1, 1), keep_dims=True)
    graph = net.graph(net.dense(net.op("SUB", y, most, shape=(1, 5)), 4))
    assert "gradient is not known" in through(graph, noise(graph)).warnings[0]
    with pytest.raises(QuantizeError, match="which layers need 16 bits"):
        quantize(graph, noise(graph), mixed=0.9)


def test_constants_shared_by_layers_are_quantized_for_each() -> None:
    net = Net()
    bias, x = net.weights(4), net.input(1, 6, 6, 4)
    y = net.conv(x, 4, bias=bias)
    z = net.conv(net.op("MUL", y, net.const([7.0]), shape=(1, 6, 6, 4)), 4, bias=bias)
    graph = net.graph(z)
    q = through(graph, noise(graph), fold=False).graph
    first, last = q.nodes[0], q.nodes[-1]
    assert first.inputs[2] == bias
    assert last.inputs[2] == len(graph.tensors)
    assert q.tensors[-1].name == f"const{bias}_1"
    a, b = (np.asarray(q.tensors[n.inputs[2]].data) for n in (first, last))
    assert not np.array_equal(a, b)


def test_equal_uses_of_a_constant_stay_one_tensor() -> None:
    net = Net()
    x, c = net.input(1, 6), net.const([[1.0, 2, 3, 4, 5, -6]])
    y = net.op("ADD", net.op("MUL", x, c, shape=(1, 6)), c, shape=(1, 6))
    graph = net.graph(y)
    q = through(graph, noise(graph)).graph
    assert len(q.tensors) == len(graph.tensors)
    assert q.tensors[c].dtype == np.int8
    assert q.tensors[c].scale == pytest.approx(11 / 255)


def test_concatenation_of_unlike_ranges_shares_the_widest() -> None:
    net = Net()
    x = net.input(1, 4, 4, 2)
    wide = net.op("MUL", x, net.const([9.0]), shape=(1, 4, 4, 2))
    pads = net.const([[0, 0], [0, 0], [0, 0], [1, 0]], np.int32)
    parts = (
        net.op("RELU6", x, shape=(1, 4, 4, 2)),
        net.op("PAD", wide, pads, shape=(1, 4, 4, 3)),
    )
    out = net.op("CONCATENATION", *parts, shape=(1, 4, 4, 5), axis=3)
    graph = net.graph(out)
    samples = noise(graph)
    q = through(graph, samples, 20, ranges="minmax").graph
    quants = [q.tensors[t].quant for t in (*parts, wide, out)]
    assert all(a is not None and a.equals(quants[0]) for a in quants)
    assert q.tensors[out].scale == pytest.approx(9 * np.ptp(samples) / 255)


def test_concatenation_with_a_constant_runs_one_sample_at_a_time() -> None:
    net = Net()
    x = net.input(1, 4)
    c = net.const([[50.0, -7.0]])
    out = net.op("CONCATENATION", x, c, shape=(1, 6), axis=1)
    graph = net.graph(out)
    samples = noise(graph)
    q = quantize(graph, samples, ranges="minmax").graph
    assert q.tensors[c].scale == q.tensors[out].scale == pytest.approx(57 / 255)
    real = evaluate.from_output(q.tensors[out], oracle(q, samples)[0])
    assert np.abs(real[:, :4] - samples).max() < 57 / 255
    assert np.abs(real[:, 4:] - [50, -7]).max() < 57 / 255


def test_fixed_scales_go_through_reshape_but_are_requantized_beside_others() -> None:
    net = Net()
    x = net.input(1, 6)
    y = net.reshape(net.softmax(x), 1, 2, 3)
    q = through(net.graph(y), noise(net.graph(y)), 15).graph
    assert q.tensors[y].scale == 1 / 256
    assert [n.op for n in q.nodes] == ["SOFTMAX", "RESHAPE"]

    z = net.op("CONCATENATION", net.op("LOGISTIC", x, shape=(1, 6)), x, shape=(1, 12), axis=1)
    q = through(net.graph(z), noise(net.graph(z))).graph
    assert [n.op for n in q.nodes] == [
        "SOFTMAX",
        "RESHAPE",
        "LOGISTIC",
        "QUANTIZE",
        "CONCATENATION",
    ]
    assert by_name(q, "logistic2").scale == 1 / 256
    assert by_name(q, "logistic2_requantized").scale == q.tensors[z].scale


def test_every_other_operator() -> None:
    net = Net()
    x = net.input(1, 8, 8, 4)
    weights, bias = net.weights(1, 3, 3, 4), net.weights(4)
    y = net.op("DEPTHWISE_CONV_2D", x, weights, bias, shape=(1, 8, 8, 4), depth_multiplier=1,
               fused_activation_function=3, **CONV)  # fmt: skip
    y = net.op("ADD", y, x, shape=(1, 8, 8, 4))
    y = net.op("RELU", y, shape=(1, 8, 8, 4))
    y = net.op("AVERAGE_POOL_2D", y, shape=(1, 4, 4, 4), **POOL)
    y = net.op("MEAN", y, net.const([1, 2], np.int32), shape=(1, 4), keep_dims=False)
    graph = net.graph(net.dense(y, 5))
    through(graph, noise(graph), 20)


def test_no_bias() -> None:
    net = Net()
    x = net.input(1, 6)
    graph = net.graph(net.op("FULLY_CONNECTED", x, net.weights(3, 6), -1, shape=(1, 3)))
    through(graph, noise(graph))


def test_dead_channels_tensors_and_biases_are_guarded() -> None:
    net = Net()
    x = net.input(1, 4, 4, 2)
    w = np.zeros((3, 3, 3, 2))
    w[0] = net.random.normal(size=(3, 3, 2))
    w[1] = 1e-12
    y = net.op("CONV_2D", x, net.const(w), net.const([0.5, 80.0, -2.0]), shape=(1, 4, 4, 3), **CONV)
    dead = net.op("MUL", y, net.const([0.0]), shape=(1, 4, 4, 3))
    graph = net.graph(net.op("ADD", y, dead, shape=(1, 4, 4, 3)))
    made = through(graph, noise(graph))
    zero, pruned = made.warnings
    assert "'mul1' is zero for all samples" in zero
    assert pruned.startswith("2 output channels in 1 layers")


def test_operators_of_several_outputs_and_newer_ones() -> None:
    net = Net()
    x = net.conv(net.input(1, 6, 6, 4), 8)
    x = net.op("HARD_SWISH", x, shape=(1, 6, 6, 8))
    a, b = net.split(net.op("LEAKY_RELU", x, shape=(1, 6, 6, 8), alpha=0.1), axis=3, parts=2)
    y = net.op("MUL", net.op("TANH", a, shape=(1, 6, 6, 4)), b, shape=(1, 6, 6, 4))
    order = net.const([0, 2, 1, 3], np.int32)
    z = net.op("TRANSPOSE", net.op("MAXIMUM", a, b, shape=(1, 6, 6, 4)), order, shape=(1, 6, 6, 4))
    graph = net.graph(net.op("SUB", y, z, shape=(1, 6, 6, 4)))
    made = through(graph, noise(graph))
    assert not made.warnings
    q = made.graph
    assert {n.op: n.version for n in q.nodes} == {
        "CONV_2D": 3, "HARD_SWISH": 1, "LEAKY_RELU": 1, "SPLIT": 2, "TANH": 2, "MUL": 2,
        "MAXIMUM": 2, "TRANSPOSE": 2, "SUB": 2,
    }  # fmt: skip
    leaky, *parts = (q.tensors[t].quant for n in q.nodes if n.op == "SPLIT" for t in
                     (n.inputs[1], *n.outputs))  # fmt: skip
    assert leaky is not None
    assert len(parts) == 2
    assert all(leaky.equals(part) for part in parts)


def test_operators_that_move_bytes_take_batches_and_versions_that_tflite_knows() -> None:
    net = Net()
    x = net.op("REVERSE_V2", net.input(1, 4, 4, 3), net.const([2], np.int32), shape=(1, 4, 4, 3))
    x = net.op("TILE", x, net.const([1, 2, 1, 1], np.int32), shape=(1, 8, 4, 3))
    x = net.op("GATHER", x, net.const([5, 0], np.int32), shape=(1, 2, 4, 3), axis=1)
    graph = net.graph(net.op("PAD", x, net.const([[0, 0]] * 3 + [[1, 0]], np.int32),
                             shape=(1, 2, 4, 4)))  # fmt: skip
    made = through(graph, noise(graph))
    assert not any("mixes" in warning for warning in made.warnings)


def test_dense_layers_of_rows_have_one_scale() -> None:
    """With several, TFLite's reference kernel of the file gives only a part of the outputs."""
    net = Net()
    x = net.input(1, 5, 6)
    y = net.op("FULLY_CONNECTED", x, net.weights(3, 6), net.weights(3), shape=(1, 5, 3),
               keep_num_dims=True)  # fmt: skip
    graph = net.graph(y)
    made = through(graph, noise(graph), 20).graph
    quant = by_name(made, graph.tensors[graph.nodes[0].inputs[1]].name).quant
    assert quant is not None
    assert not quant.per_channel
    sample = noise(graph, 1)
    fed = [evaluate.to_input(made.tensors[made.inputs[0]], sample)]
    file, whole = TfliteReference(tflite.write(made)), reference.run(made, fed)
    assert file.run(fed)[0].tobytes() == whole[0].tobytes()
