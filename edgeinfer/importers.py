# SPDX-License-Identifier: Apache-2.0
"""A model of any kind as a Graph, by the ending of its name."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from edgeinfer import tflite
from edgeinfer.errors import UnsupportedError
from edgeinfer.graph import Graph

KERAS = (".keras", ".h5", ".hdf5")
TORCH = (".pt", ".pth", ".pt2", ".ckpt", ".safetensors")


def read_file(path: str | os.PathLike[str]) -> Graph:
    """The graph of a .tflite or .onnx file; float networks of other kinds are told the way here.

    Raises ModelError if it is no sound file, UnsupportedError if it holds what edgeinfer cannot, or
    if an extra has to be installed first."""
    file, ending = Path(path), Path(path).suffix.lower()
    if ending == ".onnx":
        return _onnx(file)
    if ending in KERAS or (file / "saved_model.pb").is_file():
        raise UnsupportedError(
            f"'{file}' is a Keras model, which edgeinfer does not read itself.",
            "Convert it in Python: tf.lite.TFLiteConverter.from_keras_model(model).convert(), or "
            "from_saved_model(folder), and give the .tflite.",
        )
    if ending in TORCH:
        raise UnsupportedError(
            f"'{file}' is a PyTorch file, which holds code or only weights.",
            "Export the network with torch.onnx.export(model, sample, 'model.onnx') and give the "
            ".onnx (pip install 'edgeinfer[onnx]').",
        )
    return tflite.read_file(path)


def _onnx(file: Path) -> Graph:
    if importlib.util.find_spec("onnx") is None:
        raise UnsupportedError(
            f"Reading '{file}' needs the package onnx, which is not installed.",
            "Install it with: pip install 'edgeinfer[onnx]'",
        )
    from edgeinfer.onnx.reader import read_file as read_onnx

    return read_onnx(file)
