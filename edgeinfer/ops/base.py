# SPDX-License-Identifier: Apache-2.0
"""What an operator is: the contract that each file of this folder fulfils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Array, Graph, Node, Quant, Tensor


@dataclass(frozen=True)
class QuantRule:
    """What the TFLite int8 specification demands of an operator's tensors.

    https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec"""

    weights: int | None = None  # input that holds symmetric int8 weights
    channel_axis: int | None = None  # their per-channel dimension; None: one scale for the tensor
    bias: int | None = None  # input that holds int32 at scale input · weights
    same_scale: bool = False  # all activations, in and out, share one scale and zero point
    fixed_output: Quant | None = None  # the output's scale and zero point are given


@dataclass(frozen=True)
class Ref:
    """A tensor's bytes from `offset` on, as one kernel call reads or writes them."""

    tensor: int  # index into Graph.tensors
    offset: int = 0  # bytes


@dataclass(frozen=True)
class Rows:
    """Which rows of an input a call reads for its output row y: [y·stride − pad, … + span).

    Rows that the input does not have, in the padding, are not read. With `apart` these are rows of
    an input that is spread out: its row i is row i·apart there, and there is nothing between."""

    row_bytes: int  # of an input row, contiguous
    count: int  # rows of the input
    stride: int = 1
    pad: int = 0
    span: int = 1
    apart: int = 1

    def of(self, y0: int, y1: int) -> tuple[int, int]:
        """The input rows [first, last) that the output rows [y0, y1) need; may be empty."""
        first = max(-(-(y0 * self.stride - self.pad) // self.apart), 0)
        last = ((y1 - 1) * self.stride - self.pad + self.span - 1) // self.apart + 1
        return first, max(first, min(last, self.count))


@dataclass(frozen=True)
class Call:
    """One kernel call: the operator's whole output, or a part of it; becomes a step of the image.

    `params` are the fields of the C struct ei_<kernel>_params. `consts` are arrays to be stored in
    the image; each fills the params field of its name with its offset. An input whose tensor is a
    constant is read from the image.

    Output rows are made in order, and a row is begun when those before it are written, except that
    the first pixels of `ahead` further rows may come with it. `inplace` lists the inputs
    (positions) that are read in the order of the output's bytes: when the kernel writes byte i of
    an output row, it has done with the bytes 0..i of that row's input. Such an output row may
    begin at the input's first byte, or anywhere below it; of rows ahead, the input is read before
    anything is written that comes with them. With `lanes` the first input is read channel by
    channel, of so many to a pixel, and a channel of the output is written when that channel of all
    rows that it needs has been read. Such an output may lie anywhere over rows that no other row
    needs, a multiple of `lanes` bytes from the input. Rows are then made in groups of `tile` from
    the step's first one on, and a channel of the whole group is read before it is written.

    Inputs beyond the second are not given to the kernel, only kept until it has run. A kernel of
    more than two inputs or more than one output finds the others through fields of its params:
    `more_in` and `more_out` name the field and the tensor (csrc/kernel.h, ei_operand). One
    in both is state, updated where it lies."""

    kernel: str
    params: Mapping[str, Any]
    inputs: tuple[Ref, ...]
    output: Ref
    rows: int = 1  # output rows; a step may make a part of them
    consts: Mapping[str, Array] = field(default_factory=dict)
    inplace: tuple[int, ...] = ()
    reads: tuple[Rows | None, ...] = ()  # of each input; None or left out: all of it for any row
    row_bytes: int = 0  # of an output row; 0: rows are not contiguous, all are made in one step
    ahead: int = 0
    lanes: int = 0  # bytes of a pixel
    tile: int = 1  # rows
    node: int = -1  # index of the node, filled in by lowering
    more_in: Mapping[str, Ref] = field(default_factory=dict)
    more_out: Mapping[str, Ref] = field(default_factory=dict)
    part: bool = False  # the node's calls each make bytes of their own, and may run in any order

    @property
    def read(self) -> tuple[Ref, ...]:
        """All that the call reads."""
        return (*self.inputs, *self.more_in.values())

    @property
    def written(self) -> tuple[Ref, ...]:
        """All that the call writes."""
        return (self.output, *self.more_out.values())


MOST_WORK = 1 << 32
"""Steps on the PC that a model may take to be compiled: no network for a board takes so many, a
damaged one may."""


@dataclass(frozen=True)
class Site:
    """One node with its tensors at hand."""

    node: Node
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    where: str = ""  # for error messages
    # Scratch tensors of recurrent operators, for their scales.
    intermediates: tuple[Tensor, ...] = ()
    layout: str = "pairs"  # of filters: what suits the core, one of boards.LAYOUTS

    @staticmethod
    def of(graph: Graph, index: int) -> Site:
        """The site of one node of a graph."""
        return Site.made(graph.tensors, graph.nodes[index], graph.label(index))

    @staticmethod
    def made(tensors: Sequence[Tensor], node: Node, where: str) -> Site:
        """The site of a node among these tensors."""
        return Site(
            node,
            tuple(tensors[t] if t >= 0 else None for t in node.inputs),
            tuple(tensors[t] for t in node.outputs),
            where,
            tuple(tensors[t] for t in node.options.get("intermediates", ())),
        )

    def input(self, position: int) -> Tensor:
        """An input that must be there. Raises ModelError if it is not."""
        if position >= len(self.inputs) or (tensor := self.inputs[position]) is None:
            raise ModelError(
                f"{self.where} lacks input {position}.", "Convert the model again: it is damaged."
            )
        return tensor

    def intermediate(self, position: int) -> Tensor:
        """An intermediate tensor that must be there. Raises ModelError if it is not."""
        if position >= len(self.intermediates):
            raise ModelError(
                f"{self.where} lacks intermediate tensor {position}.",
                "Convert the model again: it is damaged.",
            )
        return self.intermediates[position]

    def optional(self, position: int) -> Tensor | None:
        """An input that may be absent, such as a bias."""
        return self.inputs[position] if position < len(self.inputs) else None

    def const(self, position: int) -> Array:
        """A constant input's data. Raises UnsupportedError if it is computed at run time."""
        tensor = self.input(position)
        if tensor.data is None:
            raise self.unsupported(f"input {position} ('{tensor.name}') that is not a constant")
        return tensor.data

    @property
    def constants(self) -> list[Array | None]:
        """The inputs' data: what `Op.run` takes of a node whose outputs are `Op.known`."""
        return [t.data if t is not None else None for t in self.inputs]

    @property
    def output(self) -> Tensor:
        """The first output."""
        if not self.outputs:
            raise ModelError(f"{self.where} has no output.", "Convert the model again.")
        return self.outputs[0]

    def option(self, name: str, default: Any = 0) -> Any:
        """An option of the schema by its snake_case name."""
        return self.node.options.get(name, default)

    def in_ref(self, position: int, offset: int = 0) -> Ref:
        """A reference into an input's bytes."""
        return Ref(self.node.inputs[position], offset)

    def out_ref(self, offset: int = 0, position: int = 0) -> Ref:
        """A reference into an output's bytes."""
        return Ref(self.node.outputs[position], offset)

    def unsupported(self, what: str) -> UnsupportedError:
        """The error for something this operator does not run."""
        return UnsupportedError(
            f"{self.where}: {what} is not supported.",
            "Quantize the float model with 'edgeinfer quantize', or change this layer.",
        )

    def require_output(self, wanted: Quant) -> None:
        """Check the scale and zero point of the output. Raises UnsupportedError."""
        if not wanted.equals(self.output.quant):
            parts, zero = round(1 / wanted.scale[0]), wanted.zero_point[0]
            raise self.unsupported(f"an output scale other than 1/{parts} with zero point {zero}")

    def require_int8(self, *positions: int) -> None:
        """Check that these inputs and the first output are int8. Raises UnsupportedError."""
        self._require(np.int8, positions)

    def require_float(self, *positions: int) -> None:
        """Check that these inputs and the first output are float32. Raises UnsupportedError."""
        self._require(np.float32, positions)

    def _require(self, dtype: type, positions: Sequence[int]) -> None:
        for tensor in (*(self.input(p) for p in positions), self.output):
            if tensor.dtype != dtype:
                raise self.unsupported(f"type {tensor.dtype} (tensor '{tensor.name}')")


class Op:
    """One operator of the schema.

    The numpy references take a batch of any size in the first dimension, so that calibration and
    evaluation can run many samples at once. An operator of several outputs overrides `shapes` and
    `run` instead of `shape`, `float_` and `quantized`."""

    name: str = ""  # the schema's name
    rule: QuantRule = QuantRule()
    pure = True  # equal inputs give equal outputs, and nothing else happens

    def shape(self, site: Site) -> tuple[int, ...]:
        """Shape of the output from the shapes of the inputs and the options."""
        raise NotImplementedError

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        """Shapes of all outputs."""
        return (self.shape(site),)

    def macs(self, site: Site) -> int:
        """Multiply-accumulates of one inference."""
        return 0

    def work(self, site: Site) -> int:
        """About how many simple steps the reference takes on the PC, for one sample."""
        return self.macs(site)

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        """Reference on plain numbers: float32, and integers or booleans that are not quantized."""
        raise site.unsupported(f"type {site.output.dtype}")

    def ordered(self, site: Site, values: Sequence[Array | None]) -> Array:
        """`float_` to the last bit: with sums in TFLite's order, which may take long."""
        return self.float_(site, values)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        """Reference on int8 or int16 that stand for reals, equal to TFLite's in every byte."""
        raise site.unsupported(f"type {site.output.dtype}")

    def pack(self, site: Site) -> list[Call]:
        """The kernel calls that compute this node; none when the output is the input's bytes.

        Raises UnsupportedError for what the kernels do not run."""
        raise NotImplementedError

    def channel_axis_of(self, site: Site) -> int | None:
        """The dimension of the weights that the quantizer gives scales of their own; None: none."""
        return self.rule.channel_axis

    def known(self, site: Site) -> bool:
        """Whether the outputs are the same for every input of the graph, and known on the PC."""
        return bool(site.inputs) and all(t is None or t.data is not None for t in site.inputs)

    def alias(self, site: Site) -> bool:
        """Whether the output is just another name for the first input's bytes."""
        return False

    def states(self, site: Site) -> tuple[int, ...]:
        """Inputs (positions) that the operator changes: their new values follow `run`'s outputs."""
        return ()

    def hidden(self, site: Site) -> tuple[Tensor, ...]:
        """State that no tensor of the file holds: tensors that become the last inputs."""
        return ()

    def ends(self, site: Site, results: Sequence[Array]) -> bool:
        """Whether the inference ends here, with all that is not yet made as it was; by `run`."""
        return False

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        """All outputs, by the reference that fits the types of this site."""
        first = (*site.outputs, *(t for t in site.inputs[:1] if t))
        if any(t.dtype in (np.int8, np.int16) for t in first):
            return [self.quantized(site, values)]
        return [self.ordered(site, values)]

    def quick(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        """As `run`, but for the last bits of float32."""
        return self.run(site, values)
