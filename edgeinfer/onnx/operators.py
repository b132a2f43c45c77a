# SPDX-License-Identifier: Apache-2.0
"""ONNX's operators and what makes nodes of them."""

from __future__ import annotations

from collections.abc import Callable

from edgeinfer.onnx import convolutions, dense, elementwise, moves, pools, resize
from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value

OPERATORS: dict[str, Callable[[Call], Value | list[Value]]] = {
    "Abs": elementwise.unary("ABS", positive=True),
    "Add": elementwise.binary("ADD"),
    "AveragePool": pools.average_pool,
    "BatchNormalization": elementwise.batch_normalization,
    "Cast": elementwise.same,
    "Clip": elementwise.clip,
    "Concat": moves.concat,
    "Conv": convolutions.conv,
    "ConvTranspose": convolutions.conv_transpose,
    "Div": elementwise.binary("DIV"),
    "Dropout": elementwise.same,
    "Elu": elementwise.elu,
    "Exp": elementwise.unary("EXP", positive=True),
    "Flatten": moves.flatten,
    "Gelu": elementwise.gelu,
    "Gemm": dense.gemm,
    "GlobalAveragePool": dense.over_space("MEAN"),
    "GlobalMaxPool": dense.over_space("REDUCE_MAX"),
    "HardSigmoid": elementwise.hard_sigmoid,
    "HardSwish": elementwise.unary("HARD_SWISH"),
    "Identity": elementwise.same,
    "LeakyRelu": elementwise.leaky_relu,
    "MatMul": dense.matmul,
    "Max": elementwise.binary("MAXIMUM"),
    "MaxPool": pools.max_pool,
    "Min": elementwise.binary("MINIMUM"),
    "Mul": elementwise.binary("MUL"),
    "Neg": elementwise.unary("NEG"),
    "PRelu": elementwise.prelu,
    "Pad": moves.pad,
    "ReduceMax": dense.reduction("REDUCE_MAX"),
    "ReduceMean": dense.reduction("MEAN"),
    "ReduceMin": dense.reduction("REDUCE_MIN"),
    "ReduceSum": dense.reduction("SUM"),
    "Pow": elementwise.power,
    "Relu": elementwise.unary("RELU", positive=True),
    "Reshape": moves.reshape,
    "Resize": resize.resize,
    "Sigmoid": elementwise.unary("LOGISTIC", positive=True),
    "Slice": moves.slices,
    "Softmax": dense.softmax,
    "Split": moves.split,
    "Sqrt": elementwise.unary("SQRT", positive=True),
    "Squeeze": moves.squeeze,
    "Sub": elementwise.binary("SUB"),
    "Sum": elementwise.binary("ADD"),
    "Tanh": elementwise.unary("TANH"),
    "Transpose": moves.transpose,
    "Unsqueeze": moves.unsqueeze,
    "Upsample": resize.resize,
}
