# SPDX-License-Identifier: Apache-2.0
"""THE list of operators: one line each, found here by every generic pass and test."""

from __future__ import annotations

from edgeinfer.errors import UnsupportedError
from edgeinfer.ops.add import Add
from edgeinfer.ops.average_pool_2d import AveragePool2D
from edgeinfer.ops.base import Call, Op, QuantRule, Ref, Site
from edgeinfer.ops.concatenation import Concatenation
from edgeinfer.ops.conv_2d import Conv2D
from edgeinfer.ops.depthwise_conv_2d import DepthwiseConv2D
from edgeinfer.ops.dequantize import Dequantize
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.logistic import Logistic
from edgeinfer.ops.max_pool_2d import MaxPool2D
from edgeinfer.ops.mean import Mean
from edgeinfer.ops.mul import Mul
from edgeinfer.ops.pack import Pack
from edgeinfer.ops.pad import Pad
from edgeinfer.ops.quantize import Quantize
from edgeinfer.ops.relu import Relu
from edgeinfer.ops.relu6 import Relu6
from edgeinfer.ops.reshape import Reshape
from edgeinfer.ops.shape import Shape
from edgeinfer.ops.softmax import Softmax
from edgeinfer.ops.strided_slice import StridedSlice

__all__ = ["OPS", "Call", "Op", "QuantRule", "Ref", "Site", "op_for"]

OPS: dict[str, Op] = {
    op.name: op
    for op in (
        Add(),
        AveragePool2D(),
        Concatenation(),
        Conv2D(),
        DepthwiseConv2D(),
        Dequantize(),
        FullyConnected(),
        Logistic(),
        MaxPool2D(),
        Mean(),
        Mul(),
        Pack(),
        Pad(),
        Quantize(),
        Relu(),
        Relu6(),
        Reshape(),
        Shape(),
        Softmax(),
        StridedSlice(),
    )
}


def op_for(site: Site) -> Op:
    """The operator of a node. Raises UnsupportedError naming the layer."""
    op = OPS.get(site.node.op)
    if op is None:
        raise UnsupportedError(
            f"{site.where}: operator {site.node.op} is not supported.",
            f"Supported operators: {', '.join(sorted(OPS))}.",
        )
    return op
