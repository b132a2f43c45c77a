# SPDX-License-Identifier: Apache-2.0
"""PyTorch program → ONNX: `python torch_convert.py MODEL.pt2 OUT`, in a process of its own, because
torch takes its time and talks. Imports nothing of edgeinfer."""

from __future__ import annotations

import sys


def main(model: str, out: str) -> None:
    """Write the .onnx. Raises whatever torch raises."""
    import torch

    program = torch.export.load(model)
    torch.onnx.export(program, (), out, external_data=False, dynamo=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # the reason is the last line, for the caller to show
        line = " ".join(str(error).split())
        sys.exit(f"{type(error).__name__}: {line[:300]}")
