# SPDX-License-Identifier: Apache-2.0
"""What the generators of random models share, and inputs for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.verify import NumpyReference, TfliteReference

Rng = np.random.Generator
I8, I16, I32 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32)
F32 = np.dtype(np.float32)
Make = Callable[[Rng], Graph]
CASES: dict[str, Make] = {}
_WITHOUT_ORACLE: set[str] = set()


def case(op: str, *, oracle: bool = True) -> Callable[[Make], Make]:
    """Registers a generator: of an operator, or of a variant of it, named 'OPERATOR/variant'.

    Without `oracle` is what only TFLite Micro runs, or tflite-runtime has wrong."""

    def register(make: Make) -> Make:
        CASES[op] = make
        if not oracle:
            _WITHOUT_ORACLE.add(op)
        return make

    return register


def oracle_of(op: str, graph: Graph) -> TfliteReference | NumpyReference:
    """What is right for a model of a case: TFLite's kernels, or numpy written after TFLM's."""
    return NumpyReference(graph) if op in _WITHOUT_ORACLE else TfliteReference(graph)


def pick(rng: Rng, values: Sequence[Any]) -> Any:
    """One of these values, as it is."""
    return values[int(rng.integers(0, len(values)))]


def scale(rng: Rng) -> float:
    return float(np.float32(10.0 ** rng.uniform(-3, 0)))


def quant(rng: Rng) -> Quant:
    """Any zero point, the edges often."""
    zero = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
    return Quant.per_tensor(scale(rng), zero)


def symmetric(rng: Rng) -> Quant:
    """Of int16."""
    return Quant.per_tensor(10.0 ** rng.uniform(-5, -2), 0)


def activation(name: str, shape: tuple[int, ...], q: Quant | None) -> Tensor:
    return Tensor(name, shape, F32 if q is None else I8, q)


def constant(name: str, data: Array, q: Quant | None = None) -> Tensor:
    return Tensor(name, data.shape, data.dtype, q, data)


def model(
    op: str,
    inputs: list[Tensor],
    output: Tensor | list[Tensor],
    options: dict[str, Any] | None = None,
    options_type: str = "",
    version: int = 2,
    custom: bytes = b"",
) -> Graph:
    """A graph of one node; inputs without data are the graph's inputs."""
    outputs = output if isinstance(output, list) else [output]
    made = tuple(range(len(inputs), len(inputs) + len(outputs)))
    taken = tuple(range(len(inputs)))
    node = Node(op, taken, made, options or {}, options_type, custom, version)
    fed = tuple(i for i, t in enumerate(inputs) if t.data is None)
    return Graph((*inputs, *outputs), (node,), fed, made, name=op.lower())


def shape_of(rng: Rng, rank: tuple[int, int] = (1, 5), size: int = 6) -> tuple[int, ...]:
    """A shape of a rank in [rank) whose sizes are below `size`."""
    return tuple(int(n) for n in rng.integers(1, size, int(rng.integers(*rank))))


def plain(name: str, shape: tuple[int, ...], dtype: Any, like: Quant | None = None) -> Tensor:
    """An activation of any type; int8, int16 and uint8 have the scale of `like`."""
    kind = np.dtype(dtype)
    return Tensor(name, shape, kind, like if kind.itemsize < 4 and kind != np.bool_ else None)


def ints(name: str, values: Any) -> Tensor:
    """A constant of int32 numbers, such as axes."""
    return constant(name, np.array(values, np.int32))


def bounded(low: int, high: int, shape: tuple[int, ...], dtype: Any = np.int32) -> Tensor:
    """An input of integers in [low, high), such as indices: the name tells `samples`."""
    return Tensor(f"{low}..{high}", shape, np.dtype(dtype))


def weights(rng: Rng, shape: tuple[int, ...]) -> Array:
    w = rng.integers(-127, 128, shape)
    if rng.random() < 0.1:
        w[:] = rng.choice([-128, -127, 127])
    return w.astype(np.int8)


def output_scale(rng: Rng, x: Quant, w: Quant, taps: int) -> Quant:
    """One that saturates sometimes, not always."""
    product = float(x.scale[0]) * float(w.scale.mean())
    # Now and then sums are hardly scaled down, or up: shifts around 0 and above.
    spread = 1 if rng.random() < 0.15 else 60 * 60 * max(taps, 1) ** 0.5
    zero = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
    real = product * spread * 10 ** rng.uniform(-2, 0.5)
    return Quant.per_tensor(float(np.float32(real)), zero)


def window_options(rng: Rng, dilation: bool) -> dict[str, Any]:
    stride = int(rng.integers(1, 4))
    dilated = dilation and rng.random() < 0.3
    return {
        "padding": int(rng.integers(0, 2)),
        "stride_h": stride,
        "stride_w": stride if dilated or rng.random() < 0.7 else int(rng.integers(1, 3)),
        "fused_activation_function": int(rng.choice([0, 1, 2, 3])),
        **(
            {"dilation_h_factor": 2, "dilation_w_factor": 2, "stride_h": 1, "stride_w": 1}
            if dilated
            else {}
        ),
    }


def sizes(rng: Rng, kernel: tuple[int, int], options: dict[str, Any]) -> tuple[int, int]:
    """Input height and width that hold at least one window."""
    span = [(k - 1) * int(options.get("dilation_h_factor", 1)) + 1 for k in kernel]
    return int(span[0] + rng.integers(0, 9)), int(span[1] + rng.integers(0, 9))


def out_size(size: int, k: int, stride: int, dilation: int, padding: int) -> int:
    return -(-size // stride) if padding == 0 else -(-(size - (k - 1) * dilation) // stride)


def out_sizes(hw: tuple[int, int], kernel: tuple[int, int], o: dict[str, Any]) -> tuple[int, int]:
    d = int(o.get("dilation_h_factor", 1))
    return (
        out_size(hw[0], kernel[0], o["stride_h"], d, o["padding"]),
        out_size(hw[1], kernel[1], o["stride_w"], d, o["padding"]),
    )


def channel_quant(rng: Rng, channels: int, axis: int) -> Quant:
    return Quant(
        np.array([scale(rng) for _ in range(channels)], np.float32),
        np.zeros(channels, np.int64),
        axis,
    )


def bias(rng: Rng, channels: int, x: Quant, w: Quant) -> Tensor:
    limit = int(rng.choice([100, 20_000]))
    q = Quant((x.scale * w.scale).astype(np.float32), np.zeros(w.scale.size, np.int64), 0)
    return constant("bias", rng.integers(-limit, limit, channels).astype(np.int32), q)


def filters(rng: Rng, shape: tuple[int, ...], x: Quant, axis: int) -> tuple[Tensor, Tensor]:
    """Weights and bias. Some channels are dead, as training leaves them: any scale and bias."""
    w, q = weights(rng, shape), channel_quant(rng, shape[axis], axis)
    dead = int(rng.integers(0, shape[axis])) if rng.random() < 0.3 else None
    if dead is not None:
        q.scale[dead] *= np.float32(rng.choice([1, 1e-7]))
    b = bias(rng, shape[axis], x, q)
    if dead is not None and b.data is not None:
        w[(slice(None),) * axis + (dead,)] = 0
        b.data[dead] = rng.integers(-(1 << 30), 1 << 30)
    return constant("w", w, q), b


def samples(graph: Graph, rng: Rng, count: int) -> list[list[Array]]:
    """Random, saturating and constant inputs for a graph."""
    found: list[list[Array]] = []
    for i in range(count):
        one: list[Array] = []
        for t in graph.inputs:
            tensor = graph.tensors[t]
            one.append(_sample(tensor, rng, i % 4))
        found.append(one)
    return found


def _sample(tensor: Tensor, rng: Rng, form: int) -> Array:
    shape, dtype = tensor.shape, tensor.dtype
    if dtype == np.float32 and ".." in tensor.name:
        first, end = tensor.name.split("..")
        return rng.uniform(float(first), float(end), shape).astype(np.float32)
    if dtype == np.float32:
        return (rng.normal(size=shape) * 10 ** rng.uniform(-2, 3)).astype(np.float32)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if ".." in tensor.name:
        first, end = tensor.name.split("..")
        low, high = int(first), int(end) - 1
    if form == 3:
        return np.full(shape, rng.choice(np.array([low, high, max(low, 0)], dtype)), dtype)
    if form == 2:
        return rng.choice(np.array([low, high], dtype), shape)
    return rng.integers(low, high, shape, dtype, endpoint=True)
