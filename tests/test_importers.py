# SPDX-License-Identifier: Apache-2.0
"""Keras models go through TensorFlow in a process of its own, .pt2 programs through PyTorch; here
stand-ins take their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeinfer import importers, tflite
from edgeinfer.errors import ModelError, UnsupportedError
from tests.onnx.networks import Net as OnnxNet
from tests.quantize.networks import classifier

# Its models are .tflite files already; what is called "bad" cannot be loaded.
STAND_IN = """
import pathlib, shutil
class TFLiteConverter:
    def __init__(self, folder):
        self.folder = folder
    from_saved_model = classmethod(lambda cls, folder: cls(folder))
    def convert(self):
        return (pathlib.Path(self.folder) / "saved_model.pb").read_bytes()
class Layer:
    unroll = False
class Model:
    def __init__(self, path):
        self.path, self.layer = path, Layer()
    def _flatten_layers(self):
        return [object(), self.layer]
    def export(self, folder):
        assert self.layer.unroll is True
        shutil.copy(self.path, pathlib.Path(folder) / "saved_model.pb")
class models:
    def load_model(path, compile):
        assert compile is False
        if "bad" in path:
            raise ValueError("a layer\\n of unknown  class")
        return Model(path)
class keras: models = models
class lite: TFLiteConverter = TFLiteConverter
print("noise")
"""


TORCH = """
import pathlib
class export:
    def load(path):
        if "bad" in path:
            raise ValueError("a layer\\n of unknown  class")
        return pathlib.Path(path)
class onnx:
    def export(program, arguments, out, external_data, dynamo):
        assert (arguments, external_data, dynamo) == ((), False, True)
        pathlib.Path(out).write_bytes(program.read_bytes())
print("noise")
"""


@pytest.fixture
def torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "torch.py").write_text(TORCH)
    (folder / "onnxscript.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(folder)
    return tmp_path


def test_exported_programs_go_through_onnx(torch: Path) -> None:
    net = OnnxNet(1, 3, 8, 8)
    net.save(torch / "net.onnx", net.conv("x", 4, 3))
    (torch / "net.pt2").write_bytes((torch / "net.onnx").read_bytes())
    one, other = (importers.read_file(torch / name) for name in ("net.onnx", "net.pt2"))
    assert tflite.write(one) == tflite.write(other)
    (torch / "bad.pt2").touch()
    with pytest.raises(
        ModelError, match=r"PyTorch cannot export .*: ValueError: a layer of unknown"
    ):
        importers.read_file(torch / "bad.pt2")


def test_pytorch_files_say_the_way(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        importers.read_file(tmp_path / "net.pt2")
    assert caught.value.remedy == "Install it with: pip install 'edgeinfer[torch]'"
    with pytest.raises(UnsupportedError, match="code or only weights") as caught:
        importers.read_file(tmp_path / "net.pth")
    assert "torch.export.save" in caught.value.remedy


@pytest.fixture
def tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "tensorflow.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(folder)
    return tmp_path


def test_files_and_folders_are_converted(tensorflow: Path) -> None:
    data = tflite.write(classifier())
    (tensorflow / "saved").mkdir()
    for name in ("net.keras", "net.h5", "saved/saved_model.pb"):
        (tensorflow / name).write_bytes(data)
    for name in ("net.keras", "net.h5", "saved"):
        graph = importers.read_file(tensorflow / name)
        assert tflite.write(graph) == data


def test_what_tensorflow_refuses_is_said(tensorflow: Path) -> None:
    (tensorflow / "bad.keras").touch()
    with pytest.raises(ModelError, match="ValueError: a layer of unknown class") as caught:
        importers.read_file(tensorflow / "bad.keras")
    assert "SavedModel" in caught.value.remedy
    with pytest.raises(ModelError, match="There is no file"):
        importers.read_file(tensorflow / "absent.keras")


def test_without_tensorflow_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    for name in ("a.keras", "b.H5", "saved"):
        with pytest.raises(UnsupportedError) as caught:
            importers.read_file(tmp_path / name)
        assert caught.value.remedy == "Install it with: pip install 'edgeinfer[keras]'"
