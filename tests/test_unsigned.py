# SPDX-License-Identifier: Apache-2.0
"""Models of uint8 give the bytes of TFLite's uint8 kernels, and stay uint8 at their ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.cli import main
from edgeinfer.compile import compile_graph
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Graph, Quant
from edgeinfer.lower import lower
from edgeinfer.reference import Reference
from edgeinfer.session import Session
from edgeinfer.unsigned import SAME, WEIGHTED
from edgeinfer.verify import TfliteReference
from tests.ops.cases import CASES, samples
from tests.ops.cases.common import Rng


def old(graph: Graph, rng: Rng) -> Graph:
    """An int8 case as uint8: one scale for each tensor, any zero point for weights."""
    tensors = list(graph.tensors)
    weights = graph.nodes[0].inputs[1] if graph.nodes[0].op in WEIGHTED else -1
    for i, t in enumerate(tensors):
        if t.quant is None:
            continue
        zero = t.quant.zero_point[:1] + (128 if t.dtype == np.int8 else 0)
        if i == weights and graph.nodes[0].op != "TRANSPOSE_CONV" and rng.random() < 0.7:
            zero = np.array([rng.choice([0, 100, 151, 255])])
        quant = Quant(t.quant.scale[:1], zero)
        t = replace(t, quant=quant)
        if t.dtype == np.int8:
            data = None if t.data is None else t.data.view(np.uint8) ^ np.uint8(128)
            t = replace(t, dtype=np.dtype(np.uint8), data=data)
        tensors[i] = t
    if weights >= 0 and len(graph.nodes[0].inputs) > 2 and graph.nodes[0].inputs[2] >= 0:
        x, w = (tensors[graph.nodes[0].inputs[p]].quant for p in (0, 1))
        bias = graph.nodes[0].inputs[2]
        assert x is not None and w is not None
        scale = Quant(x.scale * w.scale, np.zeros(1, np.int64))
        tensors[bias] = replace(tensors[bias], quant=scale)
    return replace(graph, tensors=tuple(tensors))


def is_int8(graph: Graph) -> bool:
    return any(t.dtype == np.int8 for t in graph.tensors)


@pytest.mark.parametrize("op", sorted(SAME))
def test_bytes_are_tflites(op: str) -> None:
    rng = np.random.default_rng([*op.encode()])
    done = 0
    while done < 6:
        case = CASES.get(f"{op}/int8", CASES[op])(rng)
        if not is_int8(case):
            continue
        graph = old(case, rng)
        done += 1
        compiled = compile_graph(graph)
        session, oracle, numpy = Session(compiled.image), TfliteReference(graph), Reference(graph)
        for sample in samples(graph, rng, 4):
            wanted = [(y.dtype, y.tobytes()) for y in oracle.run(sample)]
            assert [(y.dtype, y.tobytes()) for y in session.run(sample)] == wanted
            assert [(y.dtype, y.tobytes()) for y in numpy.run(sample)] == wanted


@pytest.mark.parametrize(("op", "why"), [("DIV", "undefined"), ("ADD_N", "other bytes in int8")])
def test_other_bytes_are_refused(op: str, why: str) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(UnsupportedError, match=f"{op}.*computes in uint8.*{why}"):
        lower(old(CASES[f"{op}/int8"](rng), rng))


def test_commands_take_such_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "old.tflite"
    tflite.write_file(path, old(CASES["DEPTHWISE_CONV_2D"](rng), rng))
    assert main(["verify", str(path)]) == 0
    assert "0 of" in capsys.readouterr().out
    for command in ("plan", "inspect"):
        assert main([command, str(path)]) == 0


def test_a_graph_that_computes_in_int8_stays_as_it_is() -> None:
    graph = tflite.read(tflite.write(CASES["CONV_2D"](np.random.default_rng(1))))
    assert lower(graph).graph.inputs == graph.inputs
