# SPDX-License-Identifier: Apache-2.0
"""PyTorch program → ONNX, with torch's exporter; run by alone.py."""

from __future__ import annotations


def main(model: str, out: str) -> None:
    """Write the .onnx. Raises whatever torch raises."""
    import torch

    program = torch.export.load(model)
    torch.onnx.export(program, (), out, external_data=False, dynamo=True)
