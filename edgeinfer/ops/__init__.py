# SPDX-License-Identifier: Apache-2.0
"""THE list of operators: one line each, found here by every generic pass and test."""

from __future__ import annotations

from edgeinfer.errors import UnsupportedError
from edgeinfer.ops.abs import Abs
from edgeinfer.ops.add import Add
from edgeinfer.ops.add_n import AddN
from edgeinfer.ops.arg_max import ArgMax
from edgeinfer.ops.arg_min import ArgMin
from edgeinfer.ops.average_pool_2d import AveragePool2D
from edgeinfer.ops.base import Call, Op, QuantRule, Ref, Site
from edgeinfer.ops.batch_matmul import BatchMatmul
from edgeinfer.ops.batch_to_space_nd import BatchToSpaceNd
from edgeinfer.ops.broadcast_to import BroadcastTo
from edgeinfer.ops.cast import Cast
from edgeinfer.ops.ceil import Ceil
from edgeinfer.ops.circular_buffer import CircularBuffer
from edgeinfer.ops.concatenation import Concatenation
from edgeinfer.ops.control import Control
from edgeinfer.ops.conv_2d import Conv2D
from edgeinfer.ops.cos import Cos
from edgeinfer.ops.cumsum import Cumsum
from edgeinfer.ops.depth_to_space import DepthToSpace
from edgeinfer.ops.depthwise_conv_2d import DepthwiseConv2D
from edgeinfer.ops.dequantize import Dequantize
from edgeinfer.ops.detection_post_process import DetectionPostProcess
from edgeinfer.ops.div import Div
from edgeinfer.ops.elu import Elu
from edgeinfer.ops.embedding_lookup import EmbeddingLookup
from edgeinfer.ops.equal import Equal
from edgeinfer.ops.exp import Exp
from edgeinfer.ops.expand_dims import ExpandDims
from edgeinfer.ops.fill import Fill
from edgeinfer.ops.floor import Floor
from edgeinfer.ops.floor_div import FloorDiv
from edgeinfer.ops.floor_mod import FloorMod
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.gather import Gather
from edgeinfer.ops.gather_nd import GatherNd
from edgeinfer.ops.gelu import Gelu
from edgeinfer.ops.greater import Greater
from edgeinfer.ops.greater_equal import GreaterEqual
from edgeinfer.ops.hard_swish import HardSwish
from edgeinfer.ops.l2_normalization import L2Normalization
from edgeinfer.ops.l2_pool_2d import L2Pool2D
from edgeinfer.ops.leaky_relu import LeakyRelu
from edgeinfer.ops.less import Less
from edgeinfer.ops.less_equal import LessEqual
from edgeinfer.ops.log import Log
from edgeinfer.ops.log_softmax import LogSoftmax
from edgeinfer.ops.logical_and import LogicalAnd
from edgeinfer.ops.logical_not import LogicalNot
from edgeinfer.ops.logical_or import LogicalOr
from edgeinfer.ops.logistic import Logistic
from edgeinfer.ops.max_pool_2d import MaxPool2D
from edgeinfer.ops.maximum import Maximum
from edgeinfer.ops.mean import Mean
from edgeinfer.ops.minimum import Minimum
from edgeinfer.ops.mirror_pad import MirrorPad
from edgeinfer.ops.mul import Mul
from edgeinfer.ops.neg import Neg
from edgeinfer.ops.not_equal import NotEqual
from edgeinfer.ops.pack import Pack
from edgeinfer.ops.pad import Pad
from edgeinfer.ops.padv2 import PadV2
from edgeinfer.ops.prelu import Prelu
from edgeinfer.ops.quantize import Quantize
from edgeinfer.ops.reduce_all import ReduceAll
from edgeinfer.ops.reduce_any import ReduceAny
from edgeinfer.ops.reduce_max import ReduceMax
from edgeinfer.ops.reduce_min import ReduceMin
from edgeinfer.ops.reduce_prod import ReduceProd
from edgeinfer.ops.relu import Relu
from edgeinfer.ops.relu6 import Relu6
from edgeinfer.ops.relu_0_to_1 import Relu0To1
from edgeinfer.ops.relu_n1_to_1 import ReluN1To1
from edgeinfer.ops.reshape import Reshape
from edgeinfer.ops.resize_bilinear import ResizeBilinear
from edgeinfer.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from edgeinfer.ops.reverse_v2 import ReverseV2
from edgeinfer.ops.round import Round
from edgeinfer.ops.rsqrt import Rsqrt
from edgeinfer.ops.select import Select
from edgeinfer.ops.select_v2 import SelectV2
from edgeinfer.ops.shape import Shape
from edgeinfer.ops.signal_energy import SignalEnergy
from edgeinfer.ops.signal_fft_auto_scale import SignalFftAutoScale
from edgeinfer.ops.signal_filter_bank import SignalFilterBank
from edgeinfer.ops.signal_filter_bank_log import SignalFilterBankLog
from edgeinfer.ops.signal_filter_bank_spectral_subtraction import (
    SignalFilterBankSpectralSubtraction,
)
from edgeinfer.ops.signal_filter_bank_square_root import SignalFilterBankSquareRoot
from edgeinfer.ops.signal_pcan import SignalPcan
from edgeinfer.ops.signal_rfft import SignalRfft
from edgeinfer.ops.signal_window import SignalWindow
from edgeinfer.ops.sin import Sin
from edgeinfer.ops.slice import Slice
from edgeinfer.ops.softmax import Softmax
from edgeinfer.ops.space_to_batch_nd import SpaceToBatchNd
from edgeinfer.ops.space_to_depth import SpaceToDepth
from edgeinfer.ops.split import Split
from edgeinfer.ops.split_v import SplitV
from edgeinfer.ops.sqrt import Sqrt
from edgeinfer.ops.square import Square
from edgeinfer.ops.squared_difference import SquaredDifference
from edgeinfer.ops.squeeze import Squeeze
from edgeinfer.ops.strided_slice import StridedSlice
from edgeinfer.ops.sub import Sub
from edgeinfer.ops.sum import Sum
from edgeinfer.ops.svdf import Svdf
from edgeinfer.ops.tanh import Tanh
from edgeinfer.ops.tile import Tile
from edgeinfer.ops.transpose import Transpose
from edgeinfer.ops.transpose_conv import TransposeConv
from edgeinfer.ops.unidirectional_sequence_lstm import UnidirectionalSequenceLstm
from edgeinfer.ops.unpack import Unpack
from edgeinfer.ops.zeros_like import ZerosLike

__all__ = ["OPS", "Call", "Op", "QuantRule", "Ref", "Site", "op_for"]

OPS: dict[str, Op] = {
    op.name: op
    for op in (
        Abs(),
        Add(),
        AddN(),
        ArgMax(),
        ArgMin(),
        Control("ASSIGN_VARIABLE"),
        AveragePool2D(),
        BatchMatmul(),
        BatchToSpaceNd(),
        BroadcastTo(),
        Control("CALL_ONCE"),
        Cast(),
        Ceil(),
        CircularBuffer(),
        Concatenation(),
        Conv2D(),
        Cos(),
        Cumsum(),
        DepthToSpace(),
        DepthwiseConv2D(),
        Dequantize(),
        DetectionPostProcess(),
        Div(),
        Elu(),
        EmbeddingLookup(),
        Equal(),
        Exp(),
        ExpandDims(),
        Fill(),
        Floor(),
        FloorDiv(),
        FloorMod(),
        FullyConnected(),
        Gather(),
        GatherNd(),
        Gelu(),
        Greater(),
        GreaterEqual(),
        HardSwish(),
        Control("IF"),
        L2Normalization(),
        L2Pool2D(),
        LeakyRelu(),
        Less(),
        LessEqual(),
        Log(),
        LogicalAnd(),
        LogicalNot(),
        LogicalOr(),
        Logistic(),
        LogSoftmax(),
        MaxPool2D(),
        Maximum(),
        Mean(),
        Minimum(),
        MirrorPad(),
        Mul(),
        Neg(),
        NotEqual(),
        Pack(),
        Pad(),
        PadV2(),
        Prelu(),
        Quantize(),
        Control("READ_VARIABLE"),
        ReduceAll(),
        ReduceAny(),
        ReduceMax(),
        ReduceMin(),
        ReduceProd(),
        Relu(),
        Relu0To1(),
        Relu6(),
        ReluN1To1(),
        Reshape(),
        ResizeBilinear(),
        ResizeNearestNeighbor(),
        ReverseV2(),
        Round(),
        Rsqrt(),
        Select(),
        SelectV2(),
        Shape(),
        SignalEnergy(),
        SignalFftAutoScale(),
        SignalFilterBank(),
        SignalFilterBankLog(),
        SignalFilterBankSpectralSubtraction(),
        SignalFilterBankSquareRoot(),
        SignalPcan(),
        SignalRfft(),
        SignalWindow(),
        Sin(),
        Slice(),
        Softmax(),
        SpaceToBatchNd(),
        SpaceToDepth(),
        Split(),
        SplitV(),
        Sqrt(),
        Square(),
        SquaredDifference(),
        Squeeze(),
        StridedSlice(),
        Sub(),
        Sum(),
        Svdf(),
        Tanh(),
        Tile(),
        Transpose(),
        TransposeConv(),
        UnidirectionalSequenceLstm(),
        Unpack(),
        Control("VAR_HANDLE"),
        Control("WHILE"),
        ZerosLike(),
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
