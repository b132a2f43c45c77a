# SPDX-License-Identifier: Apache-2.0
"""Proves a model's bytes: against TFLite's reference kernels, and a board against the host."""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeinfer import reference, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph
from edgeinfer.optimize import Optimized
from edgeinfer.plan import FASTEST
from edgeinfer.session import Session

# What TFLite's resolver of reference kernels lacks.
NO_REFERENCE = {"CEIL", "CUMSUM", "ELU", "ROUND"}
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

    With `delegates` its default kernels instead, as applications run them."""

    name = "TFLite reference kernels (tflite-runtime)"

    def __init__(self, model: Graph | bytes, delegates: bool = False) -> None:
        from tflite_runtime.interpreter import Interpreter, OpResolverType

        resolver = OpResolverType.AUTO if delegates else OpResolverType.BUILTIN_REF
        if isinstance(model, Graph):
            if not delegates and NO_REFERENCE & {node.op for node in model.nodes}:
                resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            model = tflite.write(model)
        self._tflite: Any = Interpreter(model_content=model, experimental_op_resolver_type=resolver)
        self._tflite.allocate_tensors()

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs for one set of inputs."""
        for detail, value in zip(self._tflite.get_input_details(), inputs, strict=True):
            self._tflite.set_tensor(detail["index"], value)
        self._tflite.invoke()
        return [self._tflite.get_tensor(d["index"]) for d in self._tflite.get_output_details()]


class NumpyReference(reference.Reference):
    """edgeinfer's own numpy kernels, where tflite-runtime cannot be installed."""

    name = "edgeinfer's numpy kernels (tflite-runtime is not installed)"


def oracle(graph: Graph) -> TfliteReference | NumpyReference:
    """The best reference that this machine has."""
    if importlib.util.find_spec("tflite_runtime") is None:
        return NumpyReference(graph)
    return TfliteReference(graph)


def random_inputs(graph: Graph, count: int, seed: int = 0) -> list[list[Array]]:
    """Inputs of every possible byte; floats are normal with the spread of the first quantizer."""
    rng = np.random.default_rng(seed)
    found: list[list[Array]] = []
    for _ in range(count):
        sample: list[Array] = []
        for t in graph.inputs:
            tensor = graph.tensors[t]
            if np.issubdtype(tensor.dtype, np.integer):
                info = np.iinfo(tensor.dtype)
                sample.append(
                    rng.integers(info.min, info.max, tensor.shape, tensor.dtype, endpoint=True)
                )
            else:
                sample.append((rng.normal(size=tensor.shape) * 3).astype(tensor.dtype))
        found.append(sample)
    return found


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
