# SPDX-License-Identifier: Apache-2.0
"""Runs a graph on the operators' numpy references: slow, and the specification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgeinfer.errors import DataError, ModelError
from edgeinfer.fold import folded
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.inline import start_value
from edgeinfer.ops import OPS, op_for
from edgeinfer.ops.base import Site
from edgeinfer.ops.circular_buffer import timed
from edgeinfer.unsigned import signed

Observe = Callable[[int, Array], None]
MAX_ROUNDS = 1 << 20  # of one WHILE


def run(graph: Graph, inputs: Sequence[Array], observe: Observe | None = None) -> list[Array]:
    """The outputs for these inputs; a batch larger than the graph's runs all samples at once.

    A graph with state begins at its start and takes the samples of a batch one after the other.
    Layers of float32 with weights add up in any order: `Reference` has their last bits.
    `observe` is called with every activation's tensor index and value, inputs first.
    Raises DataError when the inputs do not match the graph's."""
    reference = Reference(graph, observe, quick=True)
    sizes = {len(v) // t.shape[0] for v, t in _pairs(graph, inputs) if t.shape and t.shape[0]}
    if len(sizes) != 1 or sizes == {1} or not is_stateful(graph):
        return reference.run(inputs, observe)
    parts = [
        reference.run([np.split(v, next(iter(sizes)))[i] for v in inputs], observe)
        for i in range(*sizes)
    ]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def is_stateful(graph: Graph) -> bool:
    """Whether an inference depends on those before it."""
    for part in (graph, *graph.subgraphs):
        for index, node in enumerate(part.nodes):
            op = OPS.get(node.op)
            if node.op == "ASSIGN_VARIABLE" or (op and op.hidden(Site.of(part, index))):
                return True
        if any(t.is_variable for t in part.tensors):
            return True
    return False


class Reference:
    """A graph with its state, which begins at its start.

    `observe` is called with what is computed now, as it depends on no input. A `quick` one need
    not have the last bits of float32."""

    def __init__(self, graph: Graph, observe: Observe | None = None, quick: bool = False) -> None:
        self.quick = quick
        self.graph = graph = timed(signed(graph))
        self.parts = (folded(graph, observe), *(folded(part) for part in graph.subgraphs))
        self.reset()

    def reset(self) -> None:
        """Put the state to its start."""
        self.variables: dict[tuple[int, ...], Array] = {}  # of a part: of a tensor, of a node
        self.resources: dict[Any, Array] = {}
        self.called: set[int] = set()
        self.ended = False  # the inference, by a layer that runs once in a cycle
        self.last = {t: start(self.graph.tensors[t]) for t in self.graph.outputs}

    def run(self, inputs: Sequence[Array], observe: Observe | None = None) -> list[Array]:
        """The outputs for these inputs, after which the state is the next."""
        for value, tensor in _pairs(self.graph, inputs):
            if value.dtype != tensor.dtype or value.shape[1:] != tensor.shape[1:]:
                raise DataError(
                    f"Input '{tensor.name}' takes {tensor.dtype} {tensor.shape}, "
                    f"not {value.dtype} {value.shape}.",
                    "Reshape or convert the samples.",
                )
        self.ended = False
        return self._part(0, inputs, observe)

    def _part(self, number: int, inputs: Sequence[Any], observe: Observe | None) -> list[Any]:
        part = self.parts[number]
        values: dict[int, Any] = {
            i: t.data for i, t in enumerate(part.tensors) if t.data is not None
        }
        for index, tensor in enumerate(part.tensors):
            if tensor.is_variable:
                values[index] = self.variables.setdefault((number, index), start(tensor))

        def set_value(t: int, value: Any) -> None:
            values[t] = value
            if observe is not None and number == 0 and isinstance(value, np.ndarray):
                observe(t, value)

        for t, value in zip(part.inputs, inputs, strict=True):
            set_value(t, value)
        last_use = {t: i for i, node in enumerate(part.nodes) for t in node.inputs}
        for i, node in enumerate(part.nodes):
            given = [values.get(t) if t >= 0 else None for t in node.inputs]
            results = self._control(part, i, given)
            if results is None:
                results = self._plain(number, i, given)
                for position, t in enumerate(self._states(number, i)):
                    self.variables[number, t] = values[t] = results[len(node.outputs) + position]
                results = results[: len(node.outputs)]
            for t, result in zip(node.outputs, results, strict=True):
                if isinstance(result, np.ndarray):
                    result = np.ascontiguousarray(result).reshape(result.shape)  # 0-d stays 0-d
                set_value(t, result)
            for t in node.inputs:
                if last_use.get(t) == i and t not in part.outputs and t not in part.inputs:
                    values.pop(t, None)
            if self.ended:
                break
        if number == 0:
            self.last |= {t: values[t] for t in part.outputs if t in values}
        return [values[t] if number else self.last[t] for t in part.outputs]

    def _states(self, number: int, index: int) -> list[int]:
        site = Site.of(self.parts[number], index)
        return [site.node.inputs[p] for p in op_for(site).states(site) if p < len(site.inputs)]

    def _plain(self, number: int, index: int, given: list[Any]) -> list[Any]:
        """An operator's outputs and the new values of its state tensors; hidden state is here."""
        site = Site.of(self.parts[number], index)
        op = op_for(site)
        hidden = op.hidden(site)
        keys = [(number, -1 - index, k) for k in range(len(hidden))]
        for key, tensor in zip(keys, hidden, strict=True):
            given.append(self.variables.setdefault(key, start(tensor)))
        results = (op.quick if self.quick else op.run)(site, given)
        self.ended = op.ends(site, results)
        kept = len(results) - len(hidden)
        self.variables.update(zip(keys, results[kept:], strict=True))
        return results[:kept]

    def _control(self, part: Graph, index: int, given: list[Any]) -> list[Any] | None:
        """The outputs of an operator that calls subgraphs or variables; None for all others."""
        node = part.nodes[index]
        o = node.options
        match node.op:
            case "VAR_HANDLE":
                return [(o.get("container", ""), o.get("shared_name", ""))]
            case "READ_VARIABLE":
                return [self.resources.setdefault(given[0], start(part.tensors[node.outputs[0]]))]
            case "ASSIGN_VARIABLE":
                self.resources[given[0]] = given[1]
                return []
            case "CALL_ONCE":
                if o["init_subgraph_index"] not in self.called:
                    self.called.add(o["init_subgraph_index"])
                    self._part(o["init_subgraph_index"], [], None)
                return []
            case "IF":
                branch = "then" if given[0].reshape(-1)[0] else "else"
                return self._part(o[f"{branch}_subgraph_index"], given[1:], None)
            case "WHILE":
                for _ in range(MAX_ROUNDS):
                    if not self._part(o["cond_subgraph_index"], given, None)[0].reshape(-1)[0]:
                        return given
                    given = self._part(o["body_subgraph_index"], given, None)
                raise ModelError(f"{part.label(index)} does not end.", "Give it another condition.")
        return None


def start(tensor: Tensor) -> Array:
    """What a state tensor holds at the start."""
    return np.full(tensor.shape, start_value(tensor), tensor.dtype)


def _pairs(graph: Graph, inputs: Sequence[Array]) -> list[tuple[Array, Tensor]]:
    if len(inputs) != len(graph.inputs):
        raise DataError(
            f"The model has {len(graph.inputs)} inputs, {len(inputs)} were given.",
            "Give one array for each input.",
        )
    return [(v, graph.tensors[t]) for v, t in zip(inputs, graph.inputs, strict=True)]
