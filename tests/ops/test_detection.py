# SPDX-License-Identifier: Apache-2.0
"""TFLite_Detection_PostProcess finds what TFLite finds, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgeinfer import tflite
from edgeinfer.boards.board import load_board
from edgeinfer.compile import compile_graph
from edgeinfer.errors import EdgeinferError, ModelError, UnsupportedError
from edgeinfer.firmware.flash import misfit
from edgeinfer.firmware.models import Models
from edgeinfer.graph import Array, Graph, Node, Quant, Tensor
from edgeinfer.reference import Reference
from edgeinfer.session import Session
from edgeinfer.verify import TfliteReference
from tests.ops.cases import CASES, samples
from tests.ops.cases.common import F32, I8
from tests.ops.cases.detection import OP, detector

U8 = np.dtype(np.uint8)


def with_options(graph: Graph, **options: Any) -> Graph:
    """The graph with other options; None: without."""
    (node,) = graph.nodes
    merged = {**flexbuffers.Loads(node.custom), **options}
    custom = flexbuffers.Dumps({k: v for k, v in merged.items() if v is not None})
    return replace(graph, nodes=(replace(node, custom=bytes(custom)),))


def agree(graph: Graph, inputs: list[Array]) -> int:
    """How many detections there are: equal to TFLite's."""
    wanted, got = (
        TfliteReference(graph).run(inputs),
        Session(compile_graph(graph).image).run(inputs),
    )
    for mine, numpy in zip(got, Reference(graph).run(inputs), strict=True):
        assert mine.tobytes() == numpy.tobytes()
    options = flexbuffers.Loads(graph.nodes[0].custom)
    count, per_box = int(wanted[3][0]), int(options["max_classes_per_detection"])
    regular = bool(options["use_regular_nms"])
    # TFLite writes so many of a detection's classes, and leaves what is beyond as it was.
    classes = 1 if regular else min(per_box, int(options["num_classes"]))
    step = 1 if regular else per_box
    used = [i * step + c for i in range(count) for c in range(classes)]
    rest = np.delete(np.arange(got[1].size), used)
    assert got[3].tobytes() == wanted[3].tobytes()
    for mine, real in zip(got[:3], wanted[:3], strict=True):
        assert mine[0, used].tobytes() == real[0, used].tobytes()
        assert not mine[0, rest].any()
    return count


@pytest.mark.parametrize("op", [OP, f"{OP}/regular"])
def test_floats(op: str) -> None:
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(60):
        graph = CASES[op](rng)
        found += sum(agree(graph, inputs) for inputs in samples(graph, rng, 2))
    assert found > 300


@pytest.mark.parametrize("regular", [False, True])
def test_uint8_as_old_detectors_have_it(regular: bool) -> None:
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(40):
        n, labels = int(rng.integers(1, 30)), int(rng.integers(1, 5))
        background = int(rng.integers(0, 2))
        codes = Tensor("codes", (1, n, 4), U8, Quant.per_tensor(0.04, int(rng.integers(100, 150))))
        scores = Tensor("scores", (1, n, labels + background), U8, Quant.per_tensor(1 / 256, 0))
        graph = detector(rng, regular=regular, scores=scores, codes=codes, labels=labels)
        tensors = list(graph.tensors)
        anchors = rng.integers(40, 200, (n, 4)).astype(np.uint8)
        tensors[2] = Tensor("anchors", (n, 4), U8, Quant.per_tensor(0.004, 7), anchors)
        # No two scores are equal: the order of those is not TFLite's to say (std::partial_sort).
        distinct = rng.permutation(256)[: n * (labels + background)].astype(np.uint8)
        value = rng.integers(0, 256, (1, n, 4)).astype(np.uint8)
        found += agree(
            replace(graph, tensors=tuple(tensors)), [value, distinct.reshape(scores.shape)]
        )
    assert found > 100


@pytest.mark.parametrize("op", [OP, f"{OP}/regular"])
def test_equal_scores(op: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        graph = with_options(CASES[op](rng), max_detections=4, max_classes_per_detection=1)
        slots = [Tensor(f"y{i}", s, F32) for i, s in enumerate([(1, 4, 4), (1, 4), (1, 4), (1,)])]
        graph = replace(graph, tensors=(*graph.tensors[:3], *slots))
        codes, scores = samples(graph, rng, 1)[0]
        agree(graph, [codes, np.round(scores * 2).astype(np.float32) / 2])


def test_int8_is_what_dequantize_before_it_gives() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        graph = CASES[f"{OP}/int8"](rng)
        codes, scores, *rest = graph.tensors
        real = [replace(t, dtype=F32, quant=None) for t in (codes, scores)]
        n = len(graph.tensors)
        nodes = [Node("DEQUANTIZE", (i,), (n + i,), version=2) for i in range(2)]
        nodes.append(replace(graph.nodes[0], inputs=(n, n + 1, 2)))
        other = replace(graph, tensors=(codes, scores, *rest, *real), nodes=tuple(nodes))
        sessions = [Session(compile_graph(g).image) for g in (graph, other)]
        for inputs in samples(graph, rng, 3):
            first, second = (session.run(inputs) for session in sessions)
            assert [y.tobytes() for y in first] == [y.tobytes() for y in second]


def test_a_file_keeps_the_options() -> None:
    rng = np.random.default_rng(5)
    graph = with_options(CASES[f"{OP}/regular"](rng), detections_per_class=None)
    inputs = samples(graph, rng, 1)[0]
    read = Session(compile_graph(tflite.read(tflite.write(graph))).image).run(inputs)
    same = Reference(with_options(graph, detections_per_class=100)).run(inputs)
    assert [y.tobytes() for y in read] == [y.tobytes() for y in same]


def changed(position: int, change: Callable[[Tensor], Tensor]) -> Graph:
    graph = CASES[OP](np.random.default_rng(6))
    tensors = list(graph.tensors)
    tensors[position] = change(tensors[position])
    return replace(graph, tensors=tuple(tensors))


def of_options(**options: Any) -> Graph:
    return with_options(CASES[OP](np.random.default_rng(6)), **options)


def negative(anchors: Tensor) -> Tensor:
    assert anchors.data is not None
    return replace(anchors, data=-anchors.data)


def int8(t: Tensor) -> Tensor:
    return replace(t, dtype=I8, quant=Quant.per_tensor(0.1, 0))


@pytest.mark.parametrize(
    ("graph", "error", "message"),
    [
        (of_options(max_detections=0), ModelError, "max_detections"),
        (of_options(num_classes=90), ModelError, "do not fit"),
        (of_options(y_scale=0.0), ModelError, "scale of boxes is 0"),
        (of_options(h_scale=None), ModelError, "h_scale"),
        (of_options(w_scale=float("inf")), ModelError, "w_scale"),
        (of_options(nms_iou_threshold=0.0), ModelError, "nms_iou_threshold"),
        (changed(2, negative), UnsupportedError, "negative size"),
        (changed(2, lambda t: replace(t, data=None)), UnsupportedError, "not a constant"),
        (changed(1, int8), UnsupportedError, "scores of int8"),
        (changed(3, int8), UnsupportedError, "another type than float32"),
    ],
)
def test_refused(graph: Graph, error: type[EdgeinferError], message: str) -> None:
    with pytest.raises(error, match=message):
        compile_graph(graph)


def test_boards_without_double_are_refused_before_anything_is_built() -> None:
    image = compile_graph(CASES[f"{OP}/int8"](np.random.default_rng(7))).image
    assert "numbers of 64 bits" in misfit(Models(image), load_board("megaatmega2560"))
    assert not misfit(Models(image), load_board("pico"))
