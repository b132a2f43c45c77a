# SPDX-License-Identifier: Apache-2.0
"""A model of any kind as a Graph, by the ending of its name."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from edgeinfer import tflite
from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph

KERAS = (".keras", ".h5", ".hdf5")
TORCH = (".pt", ".pth", ".pt2", ".ckpt", ".safetensors")


def read_file(path: str | os.PathLike[str]) -> Graph:
    """The graph of a .tflite, .onnx or Keras file, or of a folder with a SavedModel.

    Raises ModelError if it is no sound file, UnsupportedError if it holds what edgeinfer cannot, or
    if an extra has to be installed first; of PyTorch's files it says the way here."""
    file, ending = Path(path), Path(path).suffix.lower()
    if ending == ".onnx":
        return _onnx(file)
    if ending in KERAS or (file / "saved_model.pb").is_file():
        return _keras(file)
    if ending in TORCH:
        raise UnsupportedError(
            f"'{file}' is a PyTorch file, which holds code or only weights.",
            "Export the network with torch.onnx.export(model, sample, 'model.onnx') and give the "
            ".onnx (pip install 'edgeinfer[onnx]').",
        )
    return tflite.read_file(path)


def _require(file: Path, package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise UnsupportedError(
            f"Reading '{file}' needs the package {package}, which is not installed.",
            f"Install it with: pip install 'edgeinfer[{extra}]'",
        )


def _onnx(file: Path) -> Graph:
    _require(file, "onnx", "onnx")
    from edgeinfer.onnx.reader import read_file as read_onnx

    return read_onnx(file)


def _keras(file: Path) -> Graph:
    """What TensorFlow's converter makes of it, in a process of its own."""
    _require(file, "tensorflow", "keras")
    if not file.exists():
        raise ModelError(f"There is no file '{file}'.", "Give the path of a Keras model.")
    script = Path(__file__).with_name("keras_convert.py")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.tflite"
        done = subprocess.run(
            # -P: the script's folder has names that TensorFlow must not find instead of its own.
            [sys.executable, "-P", str(script), str(file), str(out)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not out.is_file():
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ModelError(
                f"TensorFlow cannot convert '{file}': {reason.rstrip('.')}.",
                "Load it where it was trained and export a SavedModel, or a .tflite.",
            )
        return tflite.read_file(out)
