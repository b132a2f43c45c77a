# SPDX-License-Identifier: Apache-2.0
"""Random int8 networks with dead, constant and saturating channels planted."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.quantize.convert import VERSIONS
from tests.building import CONV, Builder

I8, I32 = np.dtype(np.int8), np.dtype(np.int32)


class Net(Builder):
    """An int8 graph under construction; methods that make a layer give its output's index."""

    def tensor(self, shape: tuple[int, ...], quant: Quant | None, data: Array | None = None) -> int:
        name = f"{'c' if data is not None else 't'}{len(self.tensors)}"
        dtype = I8 if data is None else data.dtype
        return self.add(Tensor(name, shape, dtype, quant, data))

    def const(self, data: Array, quant: Quant | None = None) -> int:
        return self.tensor(data.shape, quant, data)

    def quant(self, zero: int | None = None) -> Quant:
        edges = [-128, -128, 127, 0, int(self.random.integers(-128, 128))]
        point = int(self.random.choice(edges)) if zero is None else zero
        return Quant.per_tensor(float(np.float32(10 ** self.random.uniform(-2, -1))), point)

    def input(self, *shape: int) -> int:
        self.inputs.append(self.tensor(shape, self.quant()))
        return self.inputs[-1]

    def node(
        self, op: str, inputs: tuple[int, ...], out: int, options: dict[str, Any], table: str = ""
    ) -> int:
        self.nodes.append(Node(op, inputs, (out,), options, table, version=VERSIONS.get(op, 1)))
        return out

    def weights(self, x: int, shape: tuple[int, ...], axis: int) -> tuple[int, int, Quant]:
        """Weights of which output channels are dead or saturate, and input channels unread."""
        rng, outputs = self.random, shape[axis]
        w = np.moveaxis(rng.integers(-127, 128, shape), axis, 0).copy()
        bias = rng.integers(-500, 500, outputs)
        w[rng.random(outputs) < 0.3] = 0
        if w.ndim > 1 and axis == 0:
            w[..., rng.random(w.shape[-1]) < 0.2] = 0
        far = rng.random(outputs) < 0.2
        bias[far] = rng.choice([-1, 1], int(far.sum())) * 100_000_000
        scales = (10 ** rng.uniform(-3, -2, outputs)).astype(np.float32)
        zeros = np.zeros(outputs, np.int64)
        product = (scales * np.float32(self.tensors[x].scale)).astype(np.float32)
        data = np.moveaxis(w, 0, axis).astype(np.int8)
        return (
            self.const(data, Quant(scales, zeros, axis)),
            self.const(bias.astype(np.int32), Quant(product, zeros, 0)),
            Quant.per_tensor(float(product.mean() * 400), self.quant().zero_point[0]),
        )

    def conv(self, x: int, channels: int, kernel: int = 3, stride: int = 1, **options: Any) -> int:
        n, h, w, c = self.tensors[x].shape
        kernel_, bias, quant = self.weights(x, (channels, kernel, kernel, c), 0)
        out = self.tensor((n, -(-h // stride), -(-w // stride), channels), quant)
        settings = {**CONV, "stride_w": stride, "stride_h": stride, **options}
        return self.node("CONV_2D", (x, kernel_, bias), out, settings, "Conv2DOptions")

    def depthwise(
        self, x: int, multiplier: int = 1, size: tuple[int, int] = (3, 3), **options: Any
    ) -> int:
        n, h, w, c = self.tensors[x].shape
        kernel, bias, quant = self.weights(x, (1, *size, c * multiplier), 3)
        out = self.tensor((n, h, w, c * multiplier), quant)
        settings = {**CONV, "depth_multiplier": multiplier, **options}
        return self.node(
            "DEPTHWISE_CONV_2D", (x, kernel, bias), out, settings, "DepthwiseConv2DOptions"
        )

    def dense(self, x: int, outputs: int, **options: Any) -> int:
        tensor = self.tensors[x]
        count = tensor.size // tensor.shape[0]
        w, bias, quant = self.weights(x, (outputs, count), 0)
        out = self.tensor((tensor.shape[0], outputs), quant)
        return self.node("FULLY_CONNECTED", (x, w, bias), out, options, "FullyConnectedOptions")

    def binary(self, op: str, a: int, b: int, **options: Any) -> int:
        shape = np.broadcast_shapes(self.tensors[a].shape, self.tensors[b].shape)
        out = self.tensor(shape, Quant.per_tensor(0.1, int(self.random.integers(-128, 128))))
        return self.node(op, (a, b), out, options, f"{op.title()}Options")

    def unary(self, op: str, x: int, quant: Quant | None = None) -> int:
        out = self.tensor(self.tensors[x].shape, quant or self.quant())
        return self.node(op, (x,), out, {})

    def pool(self, op: str, x: int) -> int:
        n, h, w, c = self.tensors[x].shape
        out = self.tensor((n, -(-h // 2), -(-w // 2), c), self.tensors[x].quant)
        options = {"padding": 0, "stride_w": 2, "stride_h": 2}
        options |= {"filter_width": 3, "filter_height": 3}
        return self.node(op, (x,), out, options, "Pool2DOptions")

    def pad(self, x: int, right: int = 1) -> int:
        n, h, w, c = self.tensors[x].shape
        pads = np.array([[0, 0], [1, 0], [0, right], [0, 0]], np.int32)
        out = self.tensor((n, h + 1, w + right, c), self.tensors[x].quant)
        return self.node("PAD", (x, self.const(pads)), out, {}, "PadOptions")

    def mean(self, x: int, quant: Quant | None = None) -> int:
        n, _, _, c = self.tensors[x].shape
        axes = self.const(np.array([1, 2], np.int32))
        out = self.tensor((n, 1, 1, c), quant or self.quant())
        return self.node("MEAN", (x, axes), out, {"keep_dims": True}, "ReducerOptions")

    def concat(self, *parts: int) -> int:
        tensors = [self.tensors[p] for p in parts]
        shape = (*tensors[0].shape[:-1], sum(t.shape[-1] for t in tensors))
        out = self.tensor(shape, tensors[0].quant)
        return self.node("CONCATENATION", parts, out, {"axis": 3}, "ConcatenationOptions")

    def flip(self, x: int) -> int:
        """The rows of a map from the last to the first."""
        n, h, w, c = self.tensors[x].shape
        parts = [
            self.const(np.array(v, np.int32)) for v in ([0, -1, 0, 0], [n, 0, w, c], [1, -1, 1, 1])
        ]
        out = self.tensor((n, h, w, c), self.tensors[x].quant)
        masks = dict.fromkeys(("begin", "end", "ellipsis", "new_axis", "shrink_axis"), 0)
        options = {f"{name}_mask": mask for name, mask in {**masks, "end": 2}.items()}
        return self.node("STRIDED_SLICE", (x, *parts), out, options, "StridedSliceOptions")

    def reshape(self, x: int, *shape: int) -> int:
        out = self.tensor(shape, self.tensors[x].quant)
        want = self.const(np.array(shape, np.int32))
        return self.node("RESHAPE", (x, want), out, {}, "ReshapeOptions")


# What a step of a random network is, and how often.
KINDS = {
    "conv": 0.1,
    "point": 0.15,
    "depthwise": 0.15,
    "residual": 0.1,
    "join": 0.05,
    "unary": 0.1,
    "pool": 0.05,
    "pad": 0.05,
    "scaled": 0.05,
    "clip": 0.04,
    "padded": 0.04,
    "twice": 0.04,
    "flat": 0.02,
    "flipped": 0.02,
    "known": 0.04,
}


def network(seed: int) -> Graph:
    """A chain of random layers with branches, residuals and concatenations, one or two outputs."""
    net = Net(seed)
    rng = net.random
    x = net.input(1, int(rng.integers(3, 9)), int(rng.integers(3, 9)), int(rng.integers(1, 5)))
    made = [x]
    for _ in range(int(rng.integers(2, 9))):
        activation = {"fused_activation_function": int(rng.choice([0, 1, 3]))}
        match rng.choice(list(KINDS), p=list(KINDS.values())):
            case "conv":
                x = net.conv(x, int(rng.integers(2, 9)), 3, int(rng.integers(1, 3)), **activation)
            case "point":
                x = net.conv(x, int(rng.integers(2, 13)), 1, 1, **activation)
            case "depthwise":
                x = net.depthwise(x, int(rng.choice([1, 1, 2])), **activation)
            case "residual":
                channels = net.tensors[x].shape[-1]
                x = net.binary("ADD", x, net.conv(x, channels, 1, **activation), **activation)
            case "join":
                first = net.conv(x, int(rng.integers(1, 5)), 1, **activation)
                second = net.conv(x, int(rng.integers(1, 5)), 3, **activation)
                same = net.tensors[first].quant
                net.tensors[second] = Tensor("second", net.tensors[second].shape, I8, same)
                x = net.concat(first, second)
            case "unary":
                x = net.unary(str(rng.choice(["RELU", "RELU6", "QUANTIZE"])), x)
            case "pool":
                x = net.pool(str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), x)
            case "pad":
                x = net.pad(x)
            case "scaled":
                shape = (1, 1, 1, net.tensors[x].shape[-1] if rng.random() < 0.7 else 1)
                factor = net.const(rng.integers(-128, 128, shape).astype(np.int8), net.quant())
                x = net.binary(str(rng.choice(["MUL", "ADD"])), x, factor)
            case "clip":
                x = net.unary(str(rng.choice(["RELU", "RELU6"])), x, net.tensors[x].quant)
            case "padded":
                x = net.pad(x, int(rng.integers(0, 3)))
                match rng.integers(0, 3):
                    case 0:
                        x = net.depthwise(x, **activation)
                    case 1:
                        x = net.conv(x, 5, 3, int(rng.integers(1, 3)), **activation)
                    case 2:
                        x = net.pool("MAX_POOL_2D", x)
            case "twice":
                first = net.conv(x, 3, 1)
                again, options = net.nodes[-1], net.nodes[-1].options
                out = net.tensor(net.tensors[first].shape, net.tensors[first].quant)
                second = net.node(again.op, again.inputs, out, dict(options), again.options_type)
                x = net.binary("ADD", first, second)
            case "flipped":
                x = net.flip(x)
                if rng.random() < 0.5:
                    x = net.flip(x)
            case "flat":
                shape = net.tensors[x].shape
                x = net.reshape(net.reshape(x, 1, net.tensors[x].size), *shape)
            case "known":
                shape = net.tensors[x].shape
                data = rng.integers(-128, 128, (1, shape[-1])).astype(np.int8)
                fixed = net.reshape(net.const(data, net.quant()), 1, 1, 1, shape[-1])
                x = net.binary("ADD", x, net.unary("RELU", fixed))
                net.unary("RELU", x)
        made.append(x)
    match rng.integers(0, 4):
        case 0:
            x = net.dense(net.reshape(x, 1, net.tensors[x].size), int(rng.integers(1, 6)))
        case 1:
            x = net.dense(net.mean(x), 4)
        case 2:
            x = net.dense(net.dense(x, 8, fused_activation_function=1), 3)
    extra = [int(rng.choice(made[1:]))] if rng.random() < 0.3 else []
    return net.graph(*dict.fromkeys([x, *extra]))
