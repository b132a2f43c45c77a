# SPDX-License-Identifier: Apache-2.0
"""What each stage does, on networks made so that it matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeinfer import evaluate, reference
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import FAST, prepare, quantize, rounding
from edgeinfer.quantize.biases import corrected
from edgeinfer.quantize.channels import groups, scaled
from edgeinfer.quantize.gradients import backward, differentiable
from edgeinfer.quantize.pools import with_means
from edgeinfer.quantize.probes import Loss, run_all
from edgeinfer.quantize.split import split
from edgeinfer.quantize.targets import compensated
from tests.quantize.networks import CONV, POOL, Net, classifier, noise, run_float, through

SIMPLE = {**FAST, "ranges": "minmax"}


def separable(seed: int = 0, spread: float = 1.0, clip: int = 1) -> Graph:
    """CONV_2D, DEPTHWISE_CONV_2D, CONV_2D, pool, dense: channels differ by up to e ** spread."""
    net = Net(seed)
    x = net.conv(net.input(1, 8, 8, 2), 8, fused_activation_function=clip)
    weights = net.const(net.random.normal(size=(1, 3, 3, 8)) * 0.5)
    x = net.op("DEPTHWISE_CONV_2D", x, weights, net.weights(8), shape=(1, 8, 8, 8),
               depth_multiplier=1, fused_activation_function=clip, **CONV)  # fmt: skip
    x = net.conv(x, 8, fused_activation_function=1)
    x = net.op("AVERAGE_POOL_2D", x, shape=(1, 4, 4, 8), **POOL)
    graph = net.graph(net.dense(net.reshape(x, 1, 128), 6))
    if spread:
        by = np.exp(np.random.default_rng(seed).uniform(0, spread, 8)).astype(np.float32)
        first, second = groups(graph)[:2]
        graph = prepare.with_data(graph, scaled(graph, {first: 1 / by, second: by[::-1] / by}))
    return graph


def error(graph: Graph, samples: Array, fresh: Array, **options: object) -> float:
    """Mean squared error of the int8 graph's outputs on samples that did not calibrate it."""
    made = quantize(graph, samples, **options).graph
    feed = evaluate.to_input(made.tensors[made.inputs[0]], fresh)
    out = made.tensors[made.outputs[0]]
    got = evaluate.from_output(out, reference.run(made, [feed])[0])
    return float(((got - run_float(graph, fresh)) ** 2).mean())


def test_scaling_channels_changes_nothing_in_float() -> None:
    for clip in (0, 1):
        graph = separable(clip=clip)
        found = groups(graph)
        assert [g.channels for g in found] == [8, 8]  # the last is flattened before it is read
        by = {g: np.linspace(0.1, 3, 8).astype(np.float32) for g in found}
        other = prepare.with_data(graph, scaled(graph, by))
        x = noise(graph)
        assert run_float(other, x) == pytest.approx(run_float(graph, x), rel=1e-4, abs=1e-4)


def test_no_group_where_a_factor_would_not_pass() -> None:
    net = Net()
    x = net.conv(net.input(1, 4, 4, 2), 3)
    y = net.op("LOGISTIC", x, shape=(1, 4, 4, 3))
    assert groups(net.graph(net.conv(y, 2))) == []
    net = Net()
    x = net.conv(net.input(1, 4, 4, 2), 3, fused_activation_function=2)
    assert groups(net.graph(net.conv(x, 2))) == []
    net = Net()
    a, b = (net.conv(net.input(1, 4, 4, 2, name=n), 3) for n in ("a", "b"))
    y = net.op("ADD", a, b, shape=(1, 4, 4, 3))
    (joined,) = groups(net.graph(net.conv(y, 2)))
    assert joined.makers == (0, 1)
    assert joined.readers == (3,)


def test_equalization_helps_where_channels_differ() -> None:
    graph = separable(spread=4)
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    plain = error(graph, x, fresh, **{**SIMPLE, "ranges": "search"})
    assert error(graph, x, fresh, **{**SIMPLE, "ranges": "search", "equalize": True}) < plain / 2


def test_relu6_stays_right_when_channels_are_equalized() -> None:
    graph = separable(spread=0, clip=3)
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    options = {**SIMPLE, "ranges": "search", "correct_bias": True}
    plain = error(graph, x, fresh, **options)
    assert error(graph, x, fresh, **{**options, "equalize": True}) < plain * 1.1


def test_bias_correction_removes_the_mean_error() -> None:
    random = np.random.default_rng(0)
    wanted = random.normal(size=(4000, 3)).astype(np.float32)
    made = wanted * np.float32(0.8) + np.float32([0.5, -0.2, 2.0])
    mean = (wanted - made).mean(0)
    assert corrected(made, wanted, (-np.inf, np.inf)) == pytest.approx(mean, rel=1e-4)
    bias = corrected(made, wanted, (0.0, np.inf))
    left, before = (
        np.abs(np.maximum(made + b, 0).mean(0) - np.maximum(wanted, 0).mean(0)) for b in (bias, 0)
    )
    assert left.max() < 0.02
    assert (left < before / 5).all()


def test_adaptive_rounding_beats_the_nearest_on_correlated_inputs() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 12)) @ random.normal(size=(12, 12)) + 3
    h = rounding.damped((x.T @ x / len(x))[None], 1e-6)
    w, scale = random.normal(size=(5, 12)), np.full(5, 0.1)
    near = rounding.nearest(w, scale)
    q = rounding.adaptive(h, w, scale, rounding.factorize(h))
    assert np.array_equal(q, np.rint(q))
    lost = [rounding.error(h, scale[:, None] * v - w) for v in (near, q)]
    assert (lost[1] <= lost[0]).all()
    assert lost[1].sum() < lost[0].sum() * 0.7
    inverse = rounding.factorize(h)[0]
    assert inverse.T @ inverse @ h[0] == pytest.approx(np.eye(12), abs=1e-4)
    assert np.allclose(inverse, np.triu(inverse))


def test_adaptive_rounding_keeps_to_4_bits() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 12)) @ random.normal(size=(12, 12))
    h = rounding.damped((x.T @ x / len(x))[None])
    w, limits = random.normal(size=(5, 12)), (-7, 7)
    scale = np.abs(w).max(1) * 0.8 / 7
    near = rounding.nearest(w, scale, limits)
    q = rounding.adaptive(h, w, scale, rounding.factorize(h), limits)
    assert max(np.abs(near).max(), np.abs(q).max()) == 7
    lost = [rounding.error(h, scale[:, None] * v - w).sum() for v in (near, q)]
    assert lost[1] < lost[0] / 2


def test_on_independent_inputs_adaptive_is_nearest() -> None:
    random = np.random.default_rng(0)
    w, scale = random.normal(size=(5, 12)), np.full(5, 0.1)
    h = np.diag(random.uniform(1, 2, 12))[None]
    q = rounding.adaptive(h, w, scale, rounding.factorize(h))
    assert np.array_equal(q, rounding.nearest(w, scale))


def test_weights_make_good_for_what_inputs_lack() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 6)).astype(np.float32)
    w = random.normal(size=(3, 6))
    given = x.copy()
    given[:, 0] = 0.8 * x[:, 0] + 0.1 * x[:, 1]
    wanted = x @ w.T.astype(np.float32) + 1
    for low in (-np.inf, 0.0):
        made = compensated(given[None], w, wanted, (low, np.inf))
        left, before = (
            ((np.maximum(given @ v.T + 1, low) - np.maximum(wanted, low)) ** 2).mean()
            for v in (made, w)
        )
        assert left < before / 4
    apart = compensated(np.stack([given] * 3), w, wanted, (-np.inf, np.inf))
    assert apart == pytest.approx(compensated(given[None], w, wanted, (-np.inf, np.inf)), abs=1e-5)


def test_weights_do_not_learn_noise_by_heart() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 30)).astype(np.float32)
    w = random.normal(size=(3, 30))
    wanted = (x @ w.T + random.normal(size=(40, 3))).astype(np.float32)
    assert np.array_equal(compensated(x[None], w, wanted, (-np.inf, np.inf)), w)


@pytest.mark.parametrize("stage", ["compensate", "rounding", "weight_scales", "correct_bias"])
def test_each_stage_lowers_the_error(stage: str) -> None:
    ratio = []
    for seed in range(4):
        graph = separable(seed, spread=3.5)
        x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
        options = {"ranges": "minmax", "equalize": False, "per_channel": False}
        off = {"rounding": "nearest"}.get(stage, False)
        ratio.append(
            error(graph, x, fresh, **options) / error(graph, x, fresh, **{**options, stage: off})
        )
    assert np.mean(ratio) < (1.0 if stage != "weight_scales" else 1.01)


def test_everything_on_beats_the_simple_pipeline() -> None:
    graph = separable(spread=2)
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    assert error(graph, x, fresh) < error(graph, x, fresh, **FAST) / 2


def test_gradients_are_the_slope_of_the_loss() -> None:
    net = Net()
    x = net.input(1, 6, 6, 4)
    y = net.conv(x, 4, fused_activation_function=1)
    weights, bias = net.weights(1, 3, 3, 8), net.weights(8)
    y = net.op("DEPTHWISE_CONV_2D", y, weights, bias, shape=(1, 3, 3, 8), depth_multiplier=2,
               **{**CONV, "stride_h": 2, "stride_w": 2})  # fmt: skip
    y = net.op("MAX_POOL_2D", y, shape=(1, 2, 2, 8), **{**POOL, "stride_h": 1, "stride_w": 1})
    pads = net.const([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32)
    y = net.op("PAD", y, pads, shape=(1, 3, 3, 8))
    y = net.op("MUL", y, net.op("LOGISTIC", y, shape=(1, 3, 3, 8)), shape=(1, 3, 3, 8))
    y = net.op("CONCATENATION", y, y, shape=(1, 3, 3, 16), axis=3)
    y = net.op("AVERAGE_POOL_2D", y, shape=(1, 2, 2, 16), **{**POOL, "padding": 0})
    y = net.op("ADD", y, net.op("RELU", y, shape=(1, 2, 2, 16)), shape=(1, 2, 2, 16))
    y = net.op("MEAN", y, net.const([1, 2], np.int32), shape=(1, 16), keep_dims=False)
    graph = net.graph(net.softmax(net.dense(net.reshape(y, 1, 16), 3)))
    _check_slopes(graph)


def test_gradients_of_the_other_operators() -> None:
    net = Net()
    y = net.input(1, 4, 4, 4)
    for op in ("TANH", "HARD_SWISH", "ELU", "ABS", "GELU"):
        y = net.op(op, y, shape=(1, 4, 4, 4))
    y = net.op("LEAKY_RELU", y, shape=(1, 4, 4, 4), alpha=0.2)
    half = net.split(y, 3, 2)
    y = net.op("SUB", half[0], net.op("SQUARE", half[1], shape=(1, 4, 4, 2)), shape=(1, 4, 4, 2))
    y = net.op("DIV", y, net.const([1.5, -2.0]), shape=(1, 4, 4, 2))
    y = net.op("MAXIMUM", y, net.op("NEG", half[1], shape=(1, 4, 4, 2)), shape=(1, 4, 4, 2))
    y = net.op("TRANSPOSE", y, net.const([0, 2, 1, 3], np.int32), shape=(1, 4, 4, 2))
    y = net.op("RESIZE_BILINEAR", y, net.const([7, 6], np.int32), shape=(1, 7, 6, 2))
    y = net.op("RESIZE_NEAREST_NEIGHBOR", y, net.const([8, 8], np.int32), shape=(1, 8, 8, 2))
    y = net.op("SPACE_TO_DEPTH", y, shape=(1, 4, 4, 8), block_size=2)
    y = net.op("SLICE", y, net.const([0, 1, 0, 2], np.int32), net.const([1, 3, 4, 6], np.int32),
               shape=(1, 3, 4, 6))  # fmt: skip
    y = net.op("SUM", y, net.const([1, 2], np.int32), shape=(1, 6), keep_dims=False)
    _check_slopes(net.graph(net.dense(y, 3)))


def test_gradients_of_products_and_transposed_convolutions() -> None:
    net = Net()
    x = net.input(1, 4, 5, 2)
    inputs = (net.weights(6, 3, 3, 2), net.weights(6), net.const([1, 8, 10, 6], np.int32))
    stride = {"padding": 0, "stride_h": 2, "stride_w": 2}
    y = net.op("TRANSPOSE_CONV", x, *inputs, shape=(1, 8, 10, 6), **stride)
    y = net.op("REVERSE_V2", y, net.const([1], np.int32), shape=(1, 8, 10, 6))
    y = net.op("MEAN", y, net.const([1], np.int32), shape=(1, 10, 6), keep_dims=False)
    y = net.op("BATCH_MATMUL", y, net.weights(1, 6, 4), shape=(1, 10, 4))
    a = net.op(
        "BATCH_MATMUL", y, net.op("TANH", y, shape=(1, 10, 4)), shape=(1, 10, 10), adj_y=True
    )
    b = net.op("BATCH_MATMUL", a, y, shape=(1, 10, 4), adj_x=True)
    y = net.op("PACK", y, b, shape=(1, 2, 10, 4), axis=1)
    y = net.op("TILE", y, net.const([1, 1, 1, 2], np.int32), shape=(1, 2, 10, 8))
    y = net.op("SUM", y, net.const([1, 2], np.int32), shape=(1, 8), keep_dims=False)
    _check_slopes(net.graph(net.dense(y, 3)))


def test_gradients_of_gather_and_normalization() -> None:
    net = Net()
    x = net.input(1, 4, 5, 2)
    y = net.op("GATHER", x, net.const([3, 0, 3], np.int32), shape=(1, 3, 5, 2), axis=1)
    y = net.op("L2_NORMALIZATION", y, shape=(1, 3, 5, 2))
    y = net.op("MUL", y, net.op("TANH", y, shape=(1, 3, 5, 2)), shape=(1, 3, 5, 2))
    _check_slopes(net.graph(net.dense(net.reshape(y, 1, 30), 3)))


def _check_slopes(graph: Graph) -> None:
    """A step in a random direction changes the outputs as the gradients say."""
    assert differentiable(graph)
    graph = replace(
        graph,
        tensors=tuple(
            replace(t, dtype=np.dtype(np.float64), data=t.data.astype(np.float64))
            if t.data is not None and t.dtype == np.float32
            else replace(t, dtype=np.dtype(np.float64)) if t.dtype == np.float32 else t
            for t in graph.tensors
        ),
    )  # fmt: skip
    (x,), samples = graph.inputs, noise(graph, 3).astype(np.float64)
    values: dict[int, Array] = {}
    (out,) = reference.run(graph, [samples], values.__setitem__)
    seed = np.random.default_rng(1).normal(size=(2, *out.shape))
    found: dict[int, Array] = {}
    backward(graph, values, {graph.outputs[0]: seed}, found.__setitem__)
    assert set(found) == set(graph.activations())
    way = np.random.default_rng(2).normal(size=samples.shape)
    small = 1e-4
    ends = [reference.run(graph, [samples + s * small * way])[0].astype(float) for s in (1, -1)]
    slope = ((ends[0] - ends[1]) / (2 * small) * seed).sum(-1)
    mine = (found[x] * way).reshape(2, 3, -1).sum(2)
    assert mine == pytest.approx(slope, rel=0.05, abs=0.02)


def test_the_loss_is_divergence_plus_noise() -> None:
    graph = classifier()
    loss = Loss(graph, 0)
    assert loss.logits
    samples = np.repeat(noise(graph, 1), 4000, 0)
    values = run_all(loss.graph, [samples])
    t = loss.graph.outputs[0]
    logits = values[t].astype(float)
    power = loss.power({t: logits})
    change = np.array([0.02, -0.03, 0.01])
    (seeds,) = loss.seeds(values, power).values()
    told = float(((seeds * change).sum(2) ** 2).sum(0).mean())
    p, q = (np.exp(x) / np.exp(x).sum() for x in (logits[0], logits[0] + change))
    kl = float((p * np.log(p / q)).sum())
    noise_part = float(((change - change.mean()) ** 2).sum()) / power[t]
    assert told == pytest.approx(2 * kl + noise_part, rel=0.05)


def test_activations_are_fused_and_constants_become_a_layers_own() -> None:
    net = Net()
    x = net.input(1, 4, 4, 2)
    bias = net.weights(3)
    a = net.op("RELU", net.conv(x, 3, bias=bias), shape=(1, 4, 4, 3))
    b = net.op("RELU6", net.conv(a, 3, bias=bias), shape=(1, 4, 4, 3))
    last = net.conv(b, 3, bias=-1)
    graph = net.graph(net.op("RELU", last, shape=(1, 4, 4, 3)), last)
    made = prepare.own_constants(prepare.fuse_activations(graph))
    assert [n.op for n in made.nodes] == ["CONV_2D"] * 3 + ["RELU"]
    codes = [n.options.get("fused_activation_function", 0) for n in made.nodes[:3]]
    assert codes == [1, 3, 0]  # the last is an output itself
    assert len({n.inputs[2] for n in made.nodes[:3]}) == 3
    assert not np.any(made.tensors[made.nodes[2].inputs[2]].data)
    samples = noise(graph)
    for one, two in zip(
        reference.run(graph, [samples]), reference.run(made, [samples]), strict=True
    ):
        assert np.array_equal(one, two)


def pooled(size: int = 8, **options: object) -> Graph:
    """CONV_2D, AVERAGE_POOL_2D over `size` rows and columns of 8, dense."""
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 12, fused_activation_function=1)
    left = 8 // size
    how = {"padding": 1, "stride_w": size, "stride_h": size}
    how |= {"filter_width": size, "filter_height": size, **options}
    x = net.op("AVERAGE_POOL_2D", x, shape=(1, left, left, 12), **how)
    return net.graph(net.dense(net.reshape(x, 1, left * left * 12), 6))


def test_pools_over_whole_images_get_a_scale_of_their_own() -> None:
    graph = pooled()
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    means = with_means(graph)
    assert [n.op for n in means.nodes] == ["CONV_2D", "MEAN", "RESHAPE", "FULLY_CONNECTED"]
    assert run_float(means, x) == pytest.approx(run_float(graph, x), rel=1e-4, abs=1e-4)
    options = {**SIMPLE, "ranges": "search"}
    plain = error(graph, x, fresh, **options)
    assert error(graph, x, fresh, **{**options, "pool_scales": True}) < plain / 2
    made = through(graph, x, close=30, pool_scales=True)  # bit for bit as TFLite's kernel
    mean = next(n for n in made.graph.nodes if n.op == "MEAN")
    before, after = (made.graph.tensors[t].scale for t in (mean.inputs[0], mean.outputs[0]))
    assert after < before / 2


def test_which_pools_those_are() -> None:
    def ops(graph: Graph, **options: object) -> list[str]:
        made = quantize(graph, noise(graph), **{**FAST, "pool_scales": True, **options}).graph
        return [n.op for n in made.nodes if n.op in ("AVERAGE_POOL_2D", "MEAN")]

    assert ops(pooled(stride_w=1, padding=1)) == ops(pooled()) == ["MEAN"]
    assert ops(pooled(4)) == ["AVERAGE_POOL_2D"]
    assert ops(pooled(fused_activation_function=1)) == ["AVERAGE_POOL_2D"]
    assert ops(pooled(), activations="int16", io="int16") == ["AVERAGE_POOL_2D"]
    assert ops(pooled(), pool_scales=False) == ["AVERAGE_POOL_2D"]


def half_dead() -> Graph:
    """CONV_2D of 6 channels, 3 of them dead, DEPTHWISE_CONV_2D, CONV_2D."""
    net = Net()
    x = net.conv(net.input(1, 8, 8, 2), 6, fused_activation_function=1)
    weights, bias = net.const(net.random.normal(size=(1, 3, 3, 6))), net.weights(6)
    x = net.op("DEPTHWISE_CONV_2D", x, weights, bias, shape=(1, 8, 8, 6), depth_multiplier=1,
               fused_activation_function=1, **CONV)  # fmt: skip
    point = net.const(net.random.normal(size=(8, 1, 1, 6)))
    x = net.op("CONV_2D", x, point, net.weights(8), shape=(1, 8, 8, 8), **CONV)
    graph = net.graph(x)
    first = graph.nodes[0].inputs
    dead = {t: np.array(graph.tensors[t].data) for t in first[1:]}
    dead[first[1]][3:] = 0
    dead[first[2]][3:] = -1
    return prepare.with_data(graph, dead)


def test_dead_channels_take_copies_of_noisy_ones() -> None:
    graph = half_dead()
    first = graph.nodes[0].inputs
    found, ranges = groups(graph), dict.fromkeys(graph.activations(), (-9.0, 9.0))
    noise_of = {g: np.arange(6.0) + 1 for g in found}
    step = 0.02
    steps = dict.fromkeys(graph.activations(), step)
    changed, used = split(graph, found, noise_of, ranges, steps)
    assert used == 3
    elsewhere = {g: np.array([1.0] * 3 + [1e6] * 3) for g in found}
    assert split(graph, found, elsewhere, ranges, steps) == ({}, 0)  # copies would bring too little
    other = prepare.with_data(graph, changed)
    samples = noise(graph)
    change = run_float(other, samples) - run_float(graph, samples)
    assert np.abs(change).max() < step  # only values next to zero differ
    filters, bias = changed[first[1]], changed[first[2]]
    # The noisiest of those that live, a quarter step down and a quarter step up.
    assert np.array_equal(filters[3], filters[2])
    assert bias[[2, 3]] - graph.tensors[first[2]].data[2] == pytest.approx(
        [-step / 4, step / 4], rel=1e-3
    )
    x, fresh = noise(graph, 60), noise(graph, 200, seed=5)
    options = {**SIMPLE, "ranges": "search", "equalize": True, "correct_bias": True}
    plain = error(graph, x, fresh, **options)
    options["split"] = True
    assert error(graph, x, fresh, **options) < 0.95 * plain  # the output is rounded, too
    made = quantize(graph, x, **options, misfit=lambda g: "It is too large.")
    assert not made.recipe["settings"]["split"]  # a budget comes first
    assert any("with copies in them: It is too large." in text for text in made.warnings)
    made = quantize(graph, x, **options, activations="int16")
    assert not made.recipe["settings"]["split"]
