# SPDX-License-Identifier: Apache-2.0
"""Reads .onnx: node after node, constants computed by the package's own reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edgeinfer.errors import EdgeinferError, ModelError, UnsupportedError
from edgeinfer.graph import Graph, Tensor
from edgeinfer.onnx.call import Call
from edgeinfer.onnx.operators import OPERATORS
from edgeinfer.onnx.values import CHANNELS_FIRST, Maker, Value

# Operators that look at neighbours: what they read is stored channels last.
SPATIAL = {
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
    "Resize", "Upsample", "BatchNormalization",
}  # fmt: skip
# Those that leave elements where they are: the next operator decides.
NEUTRAL = {
    "Relu", "Clip", "Sigmoid", "Tanh", "HardSwish", "LeakyRelu", "Identity", "Dropout", "Pad",
    "Add", "Sub", "Mul", "Div", "Cast", "Elu", "Concat", "Slice", "Split",
}  # fmt: skip


class Reader:
    """One model while it is read."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.graph
        self.make = Maker()
        self.values: dict[str, Value] = {}
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)

    def read(self) -> Graph:
        """The Graph. Raises UnsupportedError naming the first node that has no counterpart."""
        inputs = list(self._inputs())
        for index, node in enumerate(self.graph.node):
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            call = Call(node, attributes, self.opset, index, self.make, self.values, self.constants)
            if not self._computed(call):
                self._convert(call)
        outputs = [self._output(output.name) for output in self.graph.output]
        turned = any(self.values[i.name].last for i in self.graph.input if i.name in self.values)
        return Graph(
            tuple(self.make.tensors),
            tuple(self.make.nodes),
            tuple(inputs),
            tuple(outputs),
            name=self.graph.name,
            metadata={CHANNELS_FIRST: b"1"} if turned else {},
            description=f"from ONNX, opset {self.opset}",
        )

    def _inputs(self) -> Iterator[int]:
        for given in self.graph.input:
            if given.name in self.constants:
                continue
            kind = given.type.tensor_type
            if kind.elem_type != onnx.TensorProto.FLOAT:
                raise UnsupportedError(
                    f"Input '{given.name}' is not of type float32.",
                    "Give a network whose inputs are float32.",
                )
            shape = [
                d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
                for d in kind.shape.dim
            ]
            if shape and not isinstance(shape[0], int):
                shape[0] = 1
            wrong = [n for n in shape if not isinstance(n, int) or n < 1]
            if wrong or not shape:
                raise UnsupportedError(
                    f"Input '{given.name}' of shape {tuple(shape)} has no fixed shape.",
                    "Export it with fixed sizes; only the first, the batch, may be left open.",
                )
            yield self._input(given.name, tuple(int(n) for n in shape))

    def _input(self, name: str, shape: tuple[int, ...]) -> int:
        self.make.name = name
        last = len(shape) in (3, 4) and self._meets_window(name)
        stored = (shape[0], *shape[2:], shape[1]) if last else shape
        tensor = self.make.add(Tensor(name, stored, np.dtype(np.float32)))
        inner = tensor
        if last and len(shape) == 3:
            inner = self.make.reshape(tensor, (stored[0], 1, *stored[1:]))
        self.values[name] = Value(inner, shape, last)
        return tensor

    def _meets_window(self, name: str) -> bool:
        """Whether the first that cares about the order of a value looks at neighbours."""
        todo, seen = [name], {name}
        while todo:
            current = todo.pop(0)
            for node in self.graph.node:
                if current not in node.input:
                    continue
                if node.op_type in SPATIAL:
                    return True
                if node.op_type in NEUTRAL:
                    todo += [o for o in node.output if o not in seen]
                    seen.update(node.output)
        return False

    def _computed(self, call: Call) -> bool:
        """Whether a node depends on no input; then its outputs are constants from now on."""
        node = call.node
        if node.op_type == "Shape" and node.input[0] in self.values:
            shape = self.values[node.input[0]].shape
            part = slice(call.attributes.get("start", 0), call.attributes.get("end"))
            self.constants[node.output[0]] = np.array(shape[part], np.int64)
            return True
        if any(name and name not in self.constants for name in node.input):
            return False
        if node.domain not in ("", "ai.onnx") or any(a.HasField("g") for a in node.attribute):
            return False
        names = [name for name in dict.fromkeys(node.input) if name]
        made = helper.make_model(
            helper.make_graph(
                [node],
                "constant",
                [helper.make_empty_tensor_value_info(name) for name in names],
                [helper.make_empty_tensor_value_info(name) for name in node.output if name],
            ),
            opset_imports=self.model.opset_import,
        )
        try:
            found = ReferenceEvaluator(made).run(None, {n: self.constants[n] for n in names})
        except Exception as error:  # whatever the package's kernels raise
            raise call.refused(f"a constant that cannot be computed ({error})") from error
        self.constants.update(
            zip((n for n in node.output if n), map(np.asarray, found), strict=True)
        )
        return True

    def _convert(self, call: Call) -> None:
        node = call.node
        convert = OPERATORS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        if convert is None:
            raise call.refused("this operator")
        missing = [n for n in node.input if n and n not in self.values and n not in self.constants]
        if missing:
            raise call.refused(f"an input '{missing[0]}' that nothing computes")
        self.make.name = node.output[0]
        try:
            made = convert(call)
        except EdgeinferError as error:
            if "ONNX node" in error.what:
                raise
            raise call.refused(f"this layer ({error.what.rstrip('.')})") from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            where = f"ONNX node {call.index} ({node.op_type} '{node.name}')"
            raise ModelError(
                f"{where} contradicts itself: {error}.",
                "Export the network again.",
            ) from error
        self.values.update(
            zip(node.output, made if isinstance(made, list) else [made], strict=False)
        )

    def _output(self, name: str) -> int:
        if name not in self.values:
            raise UnsupportedError(
                f"Output '{name}' does not depend on any input.", "Export the network again."
            )
        value = self.values[name]
        self.make.name = name
        if value.last and len(value.shape) == 3:
            n, c, w = value.shape
            return self.make.reshape(value.tensor, (n, w, c))
        return (self.make.plain(value) if value.flat else value).tensor


def read_file(path: str | Path) -> Graph:
    """The Graph of an .onnx file. Raises ModelError if it is none, UnsupportedError as above."""
    try:
        model = onnx.load(str(path))
        if not model.graph.node:
            raise ValueError("it has no nodes")
    except Exception as error:  # protobuf has a dozen kinds
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        remedy = "Export the network again."
        if "should be stored in" in reason:
            remedy = "Put the .data file that was exported with it beside it."
        raise ModelError(f"{path}: This is no sound ONNX file ({reason}).", remedy) from error
    try:
        return Reader(model).read()
    except (ModelError, UnsupportedError) as error:
        raise type(error)(f"{path}: {error.what}", error.remedy) from error
