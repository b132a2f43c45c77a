# SPDX-License-Identifier: Apache-2.0
"""Control flow and state → one flat list of nodes.

IF, WHILE and CALL_ONCE call subgraphs. Their nodes are put in line, with copies and jumps between
them; a resource variable becomes an ordinary tensor that is_variable. Two operators that no file
has stand for what is left: `copy` (one input, one output) and `jump`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph, Node, Tensor
from edgeinfer.ops import OPS
from edgeinfer.ops.base import Site
from edgeinfer.ops.circular_buffer import NAME as BUFFER
from edgeinfer.ops.circular_buffer import counter, cycles, timed

COPY, JUMP, LABEL = "copy", "jump", "label"
MAX_NODES = 100_000  # of the flat graph: subgraphs that call others twice double at each level
Key = tuple[str, str]  # container and name of a resource


@dataclass(frozen=True)
class Inlined:
    """A graph without subgraphs; its first nodes put the state to its start.

    A node JUMP goes on at the node options["target"]: always, or if its input's byte is 0. Its
    output is a tensor that nothing reads."""

    graph: Graph
    resets: int  # nodes that only a reset runs


def inlined(graph: Graph) -> Inlined:
    """The flat form of a graph; the tensors of the main graph keep their indices.

    Raises UnsupportedError for loops whose tensors change their shape, ModelError for a call of a
    subgraph that is not there."""
    return _Inliner(graph).all()


class _Inliner:
    def __init__(self, graph: Graph) -> None:
        self.main = graph = timed(graph)
        self.tensors = list(graph.tensors)
        self.variables: dict[Key, int] = {}
        self.own: dict[tuple[int, ...], int] = {}  # subgraph and its variable tensor → tensor
        self.once: dict[int, list[Node]] = {}  # subgraph of CALL_ONCE → its nodes
        self.labels = 0
        self.count = 0  # of nodes so far
        self.open: set[int] = set()  # subgraphs that are being put in line
        self.nothing = -1  # the output of all jumps
        self.end = -1  # the label of the end, once an inference may go there

    def all(self) -> Inlined:
        """The main graph with everything that it calls."""
        place = _Place(self, self.main, 0, {i: i for i in range(len(self.tensors))}, {})
        place.run()
        outputs = self._kept(place) if self.end >= 0 else self.main.outputs
        starts = [
            Node(COPY, (self._start(t),), (i,))
            for i, t in enumerate(list(self.tensors))
            if t.is_variable and t.data is None
        ]
        resets = [*starts, *(node for nodes in self.once.values() for node in nodes)]
        nodes = _shortcuts(self.tensors, place.nodes, outputs)
        flat, count = _resolved(resets, nodes)
        changed = replace(self.main, nodes=flat, outputs=outputs, subgraphs=())
        return Inlined(replace(changed, tensors=tuple(self.tensors)), count)

    def _kept(self, place: _Place) -> tuple[int, ...]:
        """The outputs as state, which an inference that ends early leaves as it is."""
        made = {t for node in place.nodes for t in node.outputs if not self.tensors[t].is_variable}
        kept = {
            t: self.tensor(replace(self.tensors[t], is_variable=True))
            for t in dict.fromkeys(self.main.outputs)
            if t in made
        }
        place.nodes = [
            each
            for node in place.nodes
            for each in (node, *(Node(COPY, (t,), (kept[t],)) for t in node.outputs if t in kept))
        ]
        place.mark(self.end)
        return tuple(kept.get(t, t) for t in self.main.outputs)

    def _start(self, tensor: Tensor) -> int:
        """A constant of one byte: what each byte of a state is at the start."""
        data = np.array([start_value(tensor)], np.int8)
        return self.tensor(Tensor("start", (1,), data.dtype, None, data))

    def tensor(self, tensor: Tensor) -> int:
        """The index of a new tensor."""
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def variable(self, key: Key, like: Tensor) -> int:
        """The tensor of a resource variable, made like the first value that is seen of it."""
        if key not in self.variables:
            name = key[1] or like.name
            made = replace(like, name=name, data=None, is_variable=True)
            self.variables[key] = self.tensor(made)
        found = self.tensors[self.variables[key]]
        if (found.shape, found.dtype) != (like.shape, like.dtype):
            raise UnsupportedError(
                f"Variable '{key[1]}' is {found.dtype}{list(found.shape)} and also "
                f"{like.dtype}{list(like.shape)}.",
                "Give it one type and shape.",
            )
        return self.variables[key]

    def label(self) -> int:
        """A new place to jump to."""
        self.labels += 1
        return self.labels


class _Place:
    """One subgraph put in line at one place."""

    def __init__(
        self,
        whole: _Inliner,
        part: Graph,
        number: int,
        mapping: dict[int, int],
        handles: dict[int, Key],
    ) -> None:
        self.whole, self.part, self.number = whole, part, number
        self.mapping, self.handles = mapping, handles
        self.nodes: list[Node] = []

    def run(self) -> None:
        """Put all nodes in line. Raises ModelError for a subgraph that calls itself."""
        if self.number in self.whole.open:
            raise ModelError(f"Subgraph {self.number} calls itself.", "Convert the model again.")
        self.whole.open.add(self.number)
        known = {  # with the least inputs and outputs
            "VAR_HANDLE": (self.var_handle, 0, 1),
            "READ_VARIABLE": (self.read, 1, 1),
            "ASSIGN_VARIABLE": (self.assign, 2, 0),
            "CALL_ONCE": (self.call_once, 0, 0),
            "IF": (self.branch, 1, 0),
            "WHILE": (self.loop, 0, 0),
            BUFFER: (self.buffer, 1, 1),
        }
        for index, node in enumerate(self.part.nodes):
            self.whole.count += 1
            if self.whole.count > MAX_NODES:
                raise UnsupportedError(
                    f"The model has more than {MAX_NODES} layers, those of its subgraphs counted "
                    "wherever they are called.",
                    "Call subgraphs fewer times.",
                )
            if node.op not in known:
                self.plain(node, index)
                continue
            (put, inputs, outputs), where = known[node.op], self.part.label(index)
            if len(node.inputs) < inputs or len(node.outputs) < outputs:
                raise ModelError(
                    f"{where} lacks tensors.", "Convert the model again: it is damaged."
                )
            put(node, where)
        self.whole.open.remove(self.number)

    def at(self, tensor: int) -> int:
        """The flat graph's tensor for one of this part."""
        if tensor < 0:
            return tensor
        if tensor not in self.mapping:
            entry = self.part.tensors[tensor]
            own = (self.number, tensor)
            if entry.is_variable and own in self.whole.own:
                self.mapping[tensor] = self.whole.own[own]
            else:
                self.mapping[tensor] = self.whole.tensor(entry)
                if entry.is_variable:
                    self.whole.own[own] = self.mapping[tensor]
        return self.mapping[tensor]

    def shape_of(self, tensor: int) -> tuple[Any, ...]:
        entry = self.whole.tensors[tensor]
        return entry.dtype, entry.shape

    def copy(self, source: int, target: int) -> None:
        if source != target:
            self.nodes.append(Node(COPY, (source,), (target,)))

    def plain(self, node: Node, index: int) -> None:
        """A node that calls nothing; state that only it knows becomes further inputs."""
        options = dict(node.options)
        if "intermediates" in options:
            options["intermediates"] = tuple(self.at(t) for t in options["intermediates"])
        inputs = tuple(self.at(t) for t in node.inputs)
        outputs = tuple(self.at(t) for t in node.outputs)
        made = replace(node, inputs=inputs, outputs=outputs, options=options)
        if (op := OPS.get(node.op)) is not None:
            hidden = op.hidden(Site.made(self.whole.tensors, made, self.part.label(index)))
            for k, state in enumerate(hidden):
                own = (self.number, -1 - index, k)
                if own not in self.whole.own:
                    self.whole.own[own] = self.whole.tensor(state)
                inputs += (self.whole.own[own],)
        self.nodes.append(replace(made, inputs=inputs))

    def buffer(self, node: Node, where: str) -> None:
        """The output is the state; where nothing reads whether a cycle is done, a jump does."""
        site = Site.made(self.whole.tensors, node, where)
        if self.number:
            raise site.unsupported("a subgraph's stream")
        x, y, *valid = (*node.inputs[:1], *node.outputs)
        done = valid[0] if valid else self.whole.tensor(Tensor("done", (1,), np.dtype(np.bool_)))
        count = self.whole.tensor(counter(site.output))
        self.whole.tensors[y] = replace(site.output, is_variable=True)
        self.nodes.append(replace(node, inputs=(x, count), outputs=(y, done)))
        if not valid and cycles(site) > 1:
            self.whole.end = self.whole.end if self.whole.end >= 0 else self.whole.label()
            self.jump(self.whole.end, (done,))

    def handle(self, tensor: int, where: str) -> Key:
        if tensor not in self.handles:
            raise ModelError(f"{where} names no variable.", "Convert the model again.")
        return self.handles[tensor]

    def var_handle(self, node: Node, where: str) -> None:
        o = node.options
        key = (str(o.get("container", "")), str(o.get("shared_name", "")))
        self.handles[node.outputs[0]] = key

    def read(self, node: Node, where: str) -> None:
        target = self.at(node.outputs[0])
        key = self.handle(node.inputs[0], where)
        self.copy(self.whole.variable(key, self.whole.tensors[target]), target)

    def assign(self, node: Node, where: str) -> None:
        source = self.at(node.inputs[1])
        key = self.handle(node.inputs[0], where)
        self.copy(source, self.whole.variable(key, self.whole.tensors[source]))

    def called(self, number: Any, where: str) -> tuple[int, Graph]:
        """A subgraph by its number in the file, where the main graph is 0."""
        if not 1 <= int(number) <= len(self.whole.main.subgraphs):
            raise ModelError(f"{where} calls subgraph {number}.", "Convert the model again.")
        return int(number), self.whole.main.subgraphs[int(number) - 1]

    def inner(
        self, number: Any, inputs: Sequence[int | Key], where: str
    ) -> tuple[_Place, list[int]]:
        """A subgraph's nodes for these inputs, not yet among those here, and its outputs."""
        index, part = self.called(number, where)
        if len(part.inputs) != len(inputs):
            raise ModelError(f"{where} gives {len(inputs)} inputs.", "Convert the model again.")
        mapping: dict[int, int] = {}
        handles: dict[int, Key] = {}
        for t, value in zip(part.inputs, inputs, strict=True):
            if isinstance(value, tuple):
                handles[t] = value
                continue
            mine = part.tensors[t]
            if self.shape_of(value) != (mine.dtype, mine.shape):
                raise UnsupportedError(
                    f"{where}: input '{mine.name}' of the subgraph is {mine.dtype}"
                    f"{list(mine.shape)}, the value given is not.",
                    "Give every tensor of a loop or branch one fixed shape.",
                )
            mapping[t] = value
        place = _Place(self.whole, part, index, mapping, handles)
        place.run()
        return place, [-1 if t in place.handles else place.at(t) for t in part.outputs]

    def inputs(self, tensors: Sequence[int]) -> list[int | Key]:
        return [self.handles[t] if t in self.handles else self.at(t) for t in tensors]

    def call_once(self, node: Node, where: str) -> None:
        number, part = self.called(node.options.get("init_subgraph_index", 0), where)
        if number not in self.whole.once:
            self.whole.once[number] = []
            place = _Place(self.whole, part, number, {}, {})
            place.run()
            self.whole.once[number] = place.nodes

    def jump(self, label: int, inputs: tuple[int, ...] = ()) -> None:
        if self.whole.nothing < 0:
            self.whole.nothing = self.whole.tensor(Tensor("jump", (1,), np.dtype(np.int8)))
        self.nodes.append(Node(JUMP, inputs, (self.whole.nothing,), {"target": label}))

    def mark(self, label: int) -> None:
        self.nodes.append(Node(LABEL, (), (), {"target": label}))

    def condition(self, tensors: Sequence[int], where: str) -> int:
        """The one tensor, of the flat graph. Raises ModelError if that is not one bool."""
        if len(tensors) != 1 or tensors[0] < 0 or self.whole.tensors[tensors[0]].nbytes != 1:
            raise ModelError(f"{where}: its condition is not one bool.", "Convert the model again.")
        return tensors[0]

    def branch(self, node: Node, where: str) -> None:
        condition = self.condition([self.at(node.inputs[0])], where)
        given = self.inputs(node.inputs[1:])
        outputs = [self.at(t) for t in node.outputs]
        parts = [
            self.inner(node.options.get(f"{name}_subgraph_index", 0), given, where)
            for name in ("then", "else")
        ]
        for place, results in parts:
            self.same(outputs, results, where)
            for source, target in zip(results, outputs, strict=True):
                place.copy(source, target)
        known = self.whole.tensors[condition].data
        if known is not None:
            self.nodes += parts[0 if known.reshape(-1)[0] else 1][0].nodes
            return
        other, end = self.whole.label(), self.whole.label()
        self.jump(other, (condition,))
        self.nodes += parts[0][0].nodes
        self.jump(end)
        self.mark(other)
        self.nodes += parts[1][0].nodes
        self.mark(end)

    def same(self, outputs: Sequence[int], results: Sequence[int], where: str) -> None:
        fits = len(outputs) == len(results) and all(
            b >= 0 and self.shape_of(a) == self.shape_of(b)
            for a, b in zip(outputs, results, strict=True)
        )
        if not fits:
            raise UnsupportedError(
                f"{where}: the subgraph's outputs are not of the type and shape of the layer's.",
                "Give every tensor of a loop or branch one fixed shape.",
            )

    def loop(self, node: Node, where: str) -> None:
        number = node.options.get("body_subgraph_index", 0)
        body = self.called(number, where)[1]
        given = self.inputs(node.inputs)
        if not len(given) == len(node.outputs) == len(body.outputs) == len(body.inputs):
            raise ModelError(f"{where} contradicts itself.", "Convert the model again.")
        state: list[int | Key] = []
        carried: list[int] = []  # positions whose value changes
        for i, value in enumerate(given):
            if isinstance(value, tuple):
                self.handles[node.outputs[i]] = value
            elif body.outputs[i] == body.inputs[i] and not (
                self.number == 0 and node.outputs[i] in self.part.outputs
            ):
                self.mapping[node.outputs[i]] = value
            else:
                carried.append(i)
                state.append(self.at(node.outputs[i]))
                self.same([self.at(node.outputs[i])], [value], where)
                self.copy(value, self.at(node.outputs[i]))
                continue
            state.append(value)
        held = [s for i in carried if isinstance(s := state[i], int)]
        head, end = self.whole.label(), self.whole.label()
        self.mark(head)
        place, results = self.inner(node.options.get("cond_subgraph_index", 0), state, where)
        self.nodes += place.nodes
        self.jump(end, (self.condition(results, where),))
        place, results = self.inner(number, state, where)
        made = [results[i] for i in carried]
        self.same(held, made, where)
        # All values are taken before the first is put in its place.
        for source, target in zip(made, held, strict=True):
            root = _root(self.whole.tensors, place.nodes, source)
            if root in held and root != target:
                saved = self.whole.tensor(replace(self.whole.tensors[source], is_variable=False))
                place.copy(source, saved)
                made[made.index(source)] = saved
        for source, target in zip(made, held, strict=True):
            if _root(self.whole.tensors, place.nodes, source) != target:
                place.copy(source, target)
        self.nodes += place.nodes
        self.jump(head)
        self.mark(end)


def start_value(tensor: Tensor) -> int:
    """What the elements of a state tensor are at the start: the zero point if int8, else 0.

    As ResetVariableTensor in TFLite (core/subgraph.cc)."""
    return tensor.zero_point if tensor.dtype == np.int8 and tensor.quant else 0


def _renames(tensors: Sequence[Tensor], node: Node) -> bool:
    """Whether the output is just another name for the first input's bytes."""
    op = OPS.get(node.op)
    return op is not None and op.alias(Site.made(tensors, node, node.op))


def _root(tensors: Sequence[Tensor], nodes: Sequence[Node], tensor: int) -> int:
    """The tensor whose bytes one names."""
    for node in reversed(nodes):
        if tensor in node.outputs and _renames(tensors, node):
            tensor = node.inputs[0]
    return tensor


def _shortcuts(tensors: Sequence[Tensor], nodes: list[Node], outputs: Sequence[int]) -> list[Node]:
    """Without the copies of variables whose readers all come before the variable changes."""
    kept: list[Node] = []
    rename: dict[int, int] = {}
    for index, node in enumerate(nodes):
        node = replace(node, inputs=tuple(rename.get(t, t) for t in node.inputs))
        source = node.inputs[0] if node.inputs else -1
        if node.op == COPY and tensors[source].is_variable and node.outputs[0] not in outputs:
            target, rest = node.outputs[0], nodes[index + 1 :]
            quants = tensors[source].quant, tensors[target].quant
            alike = quants[0] is quants[1] or (
                quants[0] is not None and quants[0].equals(quants[1])
            )
            written = sum(target in n.outputs for n in nodes)
            if alike and written == 1 and _before_change(tensors, rest, source, target, outputs):
                rename[target] = source
                continue
        kept.append(node)
    return kept


def _before_change(
    tensors: Sequence[Tensor],
    nodes: Sequence[Node],
    variable: int,
    value: int,
    outputs: Sequence[int],
) -> bool:
    """Whether all that reads a value, under any name, comes before the variable is written."""
    names, changed = {value}, False
    for node in nodes:
        if node.op in (JUMP, LABEL):
            changed = True
        if names & {*node.inputs}:
            if changed or (node.op == COPY and variable in node.outputs):
                return False
            if _renames(tensors, node):
                names.add(node.outputs[0])
        changed = changed or variable in node.outputs or variable in node.inputs[1:]
    return not (changed and names & {*outputs})


def _resolved(resets: list[Node], nodes: list[Node]) -> tuple[tuple[Node, ...], int]:
    """The nodes without labels, jumps with the indices of their targets; and how many reset."""
    places: dict[int, int] = {}
    flat: list[Node] = []
    count = 0
    for i, node in enumerate((*resets, *nodes)):
        if i == len(resets):
            count = len(flat)
        if node.op == LABEL:
            places[node.options["target"]] = len(flat)
        else:
            flat.append(node)
    done = [
        replace(n, options={"target": places[n.options["target"]]}) if n.op == JUMP else n
        for n in flat
    ]
    return tuple(done), count if nodes else len(flat)
