# SPDX-License-Identifier: Apache-2.0
"""The public int8 models of ../shared as cases, whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Graph
from edgeinfer.image import read_image
from edgeinfer.reference import Reference
from edgeinfer.verify import TfliteReference, random_inputs
from tests.conformance.bundle import Case, joined
from tests.models.test_public import MODELS, real_inputs

FRONT_END = "micro_speech_frontend"
CHUNK = 5  # inputs of a case: with the largest images they fit the RISC-V board too
RANDOM = 100  # inputs of a model, besides the real ones that there are


def model_cases(shared: Path, layout: str) -> Iterator[Case]:
    """Several cases of each model, each with CHUNK inputs; state begins anew with each."""
    for name in (*MODELS, FRONT_END):
        file = name if name == FRONT_END else f"{name}_int8"
        graph = tflite.read_file(shared / "models" / "int8" / f"{file}.tflite")
        image = compile_graph(graph, layout=layout).image
        inputs = [*random_inputs(graph, RANDOM), *real_inputs(shared, name, graph)]
        for first in range(0, len(inputs), CHUNK):
            oracle = _oracle(graph, name)
            pairs = tuple(
                (joined(one), joined(oracle.run(one))) for one in inputs[first : first + CHUNK]
            )
            yield Case(name, image, pairs, read_image(image).arena_bytes)


def _oracle(graph: Graph, name: str) -> TfliteReference | Reference:
    """TFLite, or the numpy references for operators that only TFLite Micro has."""
    return Reference(graph) if name == FRONT_END else TfliteReference(graph)
