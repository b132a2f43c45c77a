# SPDX-License-Identifier: Apache-2.0
"""A model of any kind as a Graph, by the ending of its name."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from edgeinfer import tflite
from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.graph import Graph

KERAS = (".keras", ".h5", ".hdf5")
PROGRAM, TORCH = ".pt2", (".pt", ".pth", ".ckpt", ".safetensors")


def read_file(path: str | os.PathLike[str]) -> Graph:
    """The graph of a .tflite, .onnx or Keras file, a folder with a SavedModel, or a .pt2 program.

    Raises ModelError if it is no sound file, UnsupportedError if it holds what edgeinfer cannot, or
    if an extra has to be installed first; of PyTorch's other files it says the way here."""
    file, ending = Path(path), Path(path).suffix.lower()
    if ending == ".onnx":
        return _onnx(file)
    if ending in KERAS or (file / "saved_model.pb").is_file():
        return _keras(file)
    if ending == PROGRAM:
        return _torch(file)
    if ending in TORCH:
        raise UnsupportedError(
            f"'{file}' is a PyTorch file, which holds code or only weights.",
            "Save the network with torch.export.save(torch.export.export(model, (sample,)), "
            "'model.pt2') and give that (pip install 'edgeinfer[torch]'), or with "
            "torch.onnx.export(model, sample, 'model.onnx') and give the .onnx "
            "(pip install 'edgeinfer[onnx]').",
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
    """What TensorFlow's converter makes of it."""
    _require(file, "tensorflow", "keras")
    remedy = "Load it where it was trained and export a SavedModel, or a .tflite."
    return _converted(file, "keras_convert", "TensorFlow cannot convert", remedy, tflite.read_file)


def _torch(file: Path) -> Graph:
    """What PyTorch's exporter of ONNX makes of it."""
    for package in ("torch", "onnxscript", "onnx"):
        _require(file, package, "torch")
    remedy = "Export it with torch.onnx.export where it was made, and give the .onnx."
    return _converted(file, "torch_convert", "PyTorch cannot export", remedy, _onnx)


def _converted(
    file: Path, converter: str, refused: str, remedy: str, read: Callable[[Path], Graph]
) -> Graph:
    """What `read` makes of the file that a converter of ours writes (alone.py). Raises ModelError
    with the reason that its framework gives."""
    if not file.exists():
        raise ModelError(f"There is no file '{file}'.", "Give the path of a model.")
    scripts = [str(Path(__file__).with_name(f"{name}.py")) for name in ("alone", converter)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        done = subprocess.run(
            # -P: the script's folder has names that frameworks must not find instead of their own.
            [sys.executable, "-P", *scripts, str(file), str(out)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not out.is_file():
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ModelError(f"{refused} '{file}': {reason.rstrip('.')}.", remedy)
        return read(out)
