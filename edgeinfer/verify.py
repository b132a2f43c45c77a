# SPDX-License-Identifier: Apache-2.0
"""Proves a model's bytes: against TFLite's reference kernels, and a board against the host."""

from __future__ import annotations

import importlib.util
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from edgeinfer import oracle_graph, reference, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph
from edgeinfer.optimize import Optimized
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session

# What TFLite's resolver of reference kernels lacks.
NO_REFERENCE = {"CEIL", "CUMSUM", "ELU", "ROUND"}
_SUMS = (np.int8, np.int16)  # of which it has a SUM that is wrong
_LOOKUPS = {"GATHER": (0, 1), "EMBEDDING_LOOKUP": (1, 0)}  # positions of a table and its index
_NEWER = r"builtin opcode '(\w+)' version '(\d+)'"
Runner = Callable[[Sequence[Array]], list[Array]]


@dataclass(frozen=True)
class Verdict:
    """The result of comparing two executions."""

    inputs: int
    compared_bytes: int
    mismatched_bytes: int
    output_crc32: int  # of all outputs of the first execution, in order
    first_difference: str  # the first layer that differs; empty when none does


class TfliteReference:
    """TFLite's reference kernels (BUILTIN_REF) on a graph or file; needs the extra 'oracle'.

    With `delegates` its default kernels instead, as applications run them. A graph is given as
    these run it (edgeinfer/oracle_graph.py), in stretches if some layers have no reference kernel:
    they have their default one, and SUM numpy's: of int8 the reference gives -1 and the default
    kernel adds in float32, and int16 wraps. A file is given as it is."""

    name = "TFLite reference kernels (tflite-runtime)"

    def __init__(self, model: Graph | bytes, delegates: bool = False) -> None:
        self._whole: Runner | None = None
        self._parts: list[tuple[Graph, Runner]] = []
        if isinstance(model, bytes) or delegates:
            self._whole = _interpreter(model, "AUTO" if delegates else "BUILTIN_REF")
            return
        self._graph = oracle_graph.flat(model)
        for kernels, part in oracle_graph.stretches(self._graph, _kernels(self._graph)):
            own = reference.Reference(part).run if kernels == "numpy" else None
            self._parts.append((part, own or _interpreter(part, kernels)))

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs for one set of inputs. Raises DataError if it takes them for wrong."""
        if self._whole is not None:
            return self._whole(inputs)
        values = dict(zip(self._graph.inputs, inputs, strict=True))
        for part, run in self._parts:
            made = run([values[t] for t in part.inputs])
            values |= zip(part.outputs, made, strict=True)
        return [values[t] for t in self._graph.outputs]


def _kernels(graph: Graph) -> list[str]:
    """Of each layer the resolver whose kernel it has, or "numpy"; one for all where a graph cannot
    be cut, as variables are none of its tensors or stay from run to run."""
    lacking = [node.op in NO_REFERENCE for node in graph.nodes] or [False]
    ops = {node.op for part in (graph, *graph.subgraphs) for node in part.nodes}
    whole = "VAR_HANDLE" in ops or any(t.is_variable for t in graph.tensors)
    if whole:
        lacking = [any(lacking)] * len(lacking)
    found = ["BUILTIN_WITHOUT_DEFAULT_DELEGATES" if one else "BUILTIN_REF" for one in lacking]
    for i, node in enumerate(graph.nodes):
        if node.op == "SUM" and graph.tensors[node.inputs[0]].dtype in _SUMS and not whole:
            found[i] = "numpy"
    return found


def _interpreter(model: Graph | bytes, kernels: str) -> Runner:
    """A model in tflite-runtime; operators of a graph go down to the versions that it knows."""
    from tflite_runtime.interpreter import Interpreter, OpResolverType

    while True:
        data = tflite.write(model) if isinstance(model, Graph) else model
        try:
            made = Interpreter(
                model_content=data, experimental_op_resolver_type=OpResolverType[kernels]
            )
        except ValueError as error:
            newer = re.search(_NEWER, str(error))
            if newer is None or int(newer[2]) < 2 or not isinstance(model, Graph):
                raise
            model = oracle_graph.older(model, newer[1], int(newer[2]))
        else:
            made.allocate_tensors()
            return partial(_run, made)


def _run(interpreter: Any, inputs: Sequence[Array]) -> list[Array]:
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    try:
        interpreter.invoke()
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[-1]
        raise DataError(
            f"tflite-runtime does not run the model on these inputs: {reason.rstrip('.')}.",
            "Give inputs that the model is made for with --inputs X.npz.",
        ) from error
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


class NumpyReference(reference.Reference):
    """edgeinfer's own numpy kernels, where tflite-runtime cannot be installed."""

    name = "edgeinfer's numpy kernels (tflite-runtime is not installed)"


def oracle(graph: Graph) -> TfliteReference | NumpyReference:
    """The best reference that this machine has."""
    if importlib.util.find_spec("tflite_runtime") is None:
        return NumpyReference(graph)
    return TfliteReference(graph)


def random_inputs(graph: Graph, count: int, seed: int = 0) -> list[list[Array]]:
    """Inputs of every possible byte; floats are normal with the spread of the first quantizer.

    Integers without a scale, of a graph that looks things up, are indices of what it looks up."""
    rng = np.random.default_rng(seed)
    rows = _rows(graph)
    found: list[list[Array]] = []
    for _ in range(count):
        sample: list[Array] = []
        for t in graph.inputs:
            tensor = graph.tensors[t]
            if np.issubdtype(tensor.dtype, np.integer):
                info = np.iinfo(tensor.dtype)
                low, high = int(info.min), int(info.max)
                if rows is not None and tensor.quant is None:
                    low, high = 0, min(rows - 1, high)
                sample.append(rng.integers(low, high, tensor.shape, tensor.dtype, endpoint=True))
            else:
                sample.append((rng.normal(size=tensor.shape) * 3).astype(tensor.dtype))
        found.append(sample)
    return found


def _rows(graph: Graph) -> int | None:
    """The least number of things that a computed index chooses from; None without such an index."""
    found = []
    for node in graph.nodes:
        if node.op not in _LOOKUPS or len(node.inputs) < 2:
            continue
        table, index = _LOOKUPS[node.op]
        shape = graph.tensors[node.inputs[table]].shape
        if shape and graph.tensors[node.inputs[index]].data is None:
            axis = int(node.options.get("axis", 0)) if node.op == "GATHER" else 0
            found.append(shape[axis % len(shape)])
    return min(found, default=None)


def compare(
    first: Runner,
    second: Runner,
    inputs: Sequence[Sequence[Array]],
    progress: Callable[[float], None] | None = None,
) -> tuple[Verdict, int]:
    """Run both on all inputs; the verdict, and the index of the first input that differs or −1.

    Models with state keep it on both sides, so the inputs are one sequence."""
    total = wrong = crc = 0
    where = -1
    for i, sample in enumerate(inputs):
        for a, b in zip(first(sample), second(sample), strict=True):
            raw = np.frombuffer(np.ascontiguousarray(a).tobytes(), np.uint8)
            other = np.frombuffer(np.ascontiguousarray(b).tobytes(), np.uint8)
            different = int(np.count_nonzero(raw != other))
            total, wrong, crc = total + raw.size, wrong + different, zlib.crc32(raw.tobytes(), crc)
            where = i if different and where < 0 else where
        if progress is not None:
            progress((i + 1) / len(inputs))
    return Verdict(len(inputs), total, wrong, crc, ""), where


def first_difference(
    graph: Graph,
    optimized: Optimized,
    inputs: Sequence[Array],
    make: Callable[[Graph], Runner],
    before: Sequence[Sequence[Array]] = (),
) -> str:
    """The first layer whose output on `make`'s runner is not what the host's C library gives.

    A model with state is given the inputs `before` these first.

    `optimized` is what the host runs of `graph`; layers and channels that are gone are skipped."""
    wanted = tuple(
        t
        for node in optimized.graph.nodes
        for t in node.outputs
        if optimized.graph.tensors[t].dtype != tflite.RESOURCE and t < len(graph.tensors)
    )
    part = replace(optimized.graph, outputs=wanted)
    session = Session(compile_graph(part, passes=(), goal=FASTEST).image)
    other = make(replace(graph, outputs=wanted))
    for sample in before if reference.is_stateful(graph) else ():
        session.run(sample)
        other(sample)
    for tensor, value, mine in zip(wanted, other(inputs), session.run(inputs), strict=True):
        wanted_value = np.ascontiguousarray(optimized.left(tensor, value))
        if value.dtype == np.uint8 and mine.dtype == np.int8:  # edgeinfer/unsigned.py
            wanted_value = wanted_value ^ np.uint8(128)
        if wanted_value.tobytes() != mine.tobytes():
            return graph.label(graph.producers()[tensor])
    return "no single layer: only the whole model differs"
