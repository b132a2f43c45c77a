# SPDX-License-Identifier: Apache-2.0
"""A network that PyTorch trained and exported (train_pytorch.py), read and quantized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from edgeinfer import evaluate, importers
from edgeinfer.quantize import quantize
from tests.quantize.networks import oracle, run_float

MODEL = Path(__file__).with_name("data") / "digits_pytorch.onnx"


def test_a_trained_network_of_pytorch() -> None:
    digits = load_digits()
    x = (digits.images[..., None] / 16).astype(np.float32)
    graph = importers.read_file(MODEL)
    assert {n.op for n in graph.nodes} >= {"CONV_2D", "DEPTHWISE_CONV_2D", "HARD_SWISH", "SOFTMAX"}
    wanted = run_float(graph, x[1200:])
    assert (wanted.argmax(1) == digits.target[1200:]).mean() > 0.9
    made = quantize(graph, x[:100])
    assert not made.warnings
    out = made.graph.tensors[made.graph.outputs[0]]
    got = evaluate.from_output(out, oracle(made.graph, x[1200:])[0])
    report = evaluate.compare(got, digits.target[1200:], wanted)
    assert report.agreement is not None
    assert report.agreement > 98
