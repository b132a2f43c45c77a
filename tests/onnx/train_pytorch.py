# SPDX-License-Identifier: Apache-2.0
"""python -m tests.onnx.train_pytorch: trains the network that test_trained.py reads.

Needs edgeinfer[torch,train]. Writes data/digits_pytorch.onnx as `edgeinfer` has torch make it of a
.pt2 program, without the exporter's notes on where it ran."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from sklearn.datasets import load_digits
from torch import nn

from edgeinfer.importers import torch_convert

OUT = Path(__file__).with_name("data") / "digits_pytorch.onnx"
TRAIN, EPOCHS = 1200, 40  # images; the others are for the test


def network() -> nn.Module:
    """Most layers that such networks have: [n, 1, 8, 8] → probabilities [n, 10]."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
        nn.Softmax(1),
    )


def main() -> None:
    torch.manual_seed(0)
    digits = load_digits()
    x = torch.tensor((digits.images[:, None] / 16).astype(np.float32))[:TRAIN]
    y = torch.tensor(digits.target)[:TRAIN]
    net = network()
    step = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(EPOCHS):
        for rows in torch.randperm(TRAIN).split(64):
            step.zero_grad()
            nn.functional.nll_loss(torch.log(net(x[rows]) + 1e-9), y[rows]).backward()
            step.step()
    net.eval()
    with tempfile.TemporaryDirectory() as folder:
        program, out = (str(Path(folder) / name) for name in ("net.pt2", "net.onnx"))
        torch.export.save(torch.export.export(net, (x[:1],)), program)
        torch_convert.main(program, out)
        model = onnx.load(out)
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, model):
        del value.metadata_props[:]
        value.doc_string = ""
    OUT.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
