# SPDX-License-Identifier: Apache-2.0
"""Samples from folders of images and from functions, and their scaling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgeinfer.errors import DataError
from edgeinfer.quantize.preprocess import Preprocess, remembered
from edgeinfer.quantize.samples import load
from tests.quantize.networks import Net, classifier, noise


def colour(channels: int = 3) -> Net:
    net = Net()
    net.conv(net.input(1, 8, 8, channels), 2)
    return net


def folder(path: Path, width: int, height: int, count: int = 12) -> Path:
    for i in range(count):
        pixels = np.zeros((height, width, 3), np.uint8)
        pixels[:, : width // 2] = 10 * i + 100
        (path / "deep").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path / "deep" / f"{i:02}.png")
    return path


@pytest.mark.parametrize(
    ("fit", "left", "top"), [("crop", 100, 100), ("pad", 100, 0), ("stretch", 100, 100)]
)
def test_a_folder_of_images(tmp_path: Path, fit: str, left: int, top: int) -> None:
    net = colour()
    graph = net.graph(1)
    (x,) = load(folder(tmp_path, 32, 16), graph, Preprocess(255.0, 0.0, fit)).inputs
    assert x.shape == (12, 8, 8, 3)
    assert x[0, 4, 0, 0] == pytest.approx(left / 255)
    assert x[0, 0, 0, 0] == pytest.approx(top / 255)
    assert x[3, 4, 0, 2] == pytest.approx(130 / 255)
    assert x[0, 4, 7, 0] == 0


def test_grey_inputs_and_what_is_no_image(tmp_path: Path) -> None:
    grey = colour(1).graph(1)
    assert load(folder(tmp_path, 8, 8), grey).inputs[0].shape == (12, 8, 8, 1)
    (tmp_path / "deep" / "03.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"Cannot read the image .*03\.png"):
        load(tmp_path, grey)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images in"):
        load(tmp_path / "empty", grey)
    with pytest.raises(DataError, match="takes no images"):
        load(tmp_path, classifier())


def test_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine_for_test.py").write_text(
        "import numpy as np\n"
        "def good(): return {'x': np.arange(1536).reshape(12, 8, 8, 2), 'y': np.arange(12) % 3}\n"
        "def bad(): raise RuntimeError('no disk')\n"
    )
    samples = load("mine_for_test:good", classifier(), Preprocess(2.0, 1.0))
    assert samples.inputs[0].max() == pytest.approx((12 * 128 - 1) / 2 + 1)
    assert samples.labels is not None
    assert samples.labels.tolist() == [i % 3 for i in range(12)]
    for name, message in (("bad", "RuntimeError: no disk"), ("absent", "AttributeError")):
        with pytest.raises(DataError, match=message):
            load(f"mine_for_test:{name}", classifier())
    with pytest.raises(DataError, match="ModuleNotFoundError"):
        load("no_such_module:f", classifier())


def test_bytes_of_images_in_floats_are_said(tmp_path: Path) -> None:
    x = np.abs(noise(classifier()))
    np.save(tmp_path / "a.npy", x / x.max() * 255)
    assert "like the bytes of images" in load(tmp_path / "a.npy", classifier()).warnings[0]
    assert load(tmp_path / "a.npy", classifier(), Preprocess(255.0)).warnings == ()


def test_the_scaling_is_remembered() -> None:
    how = Preprocess(127.5, -1.0, "pad")
    assert remembered(how.as_metadata()) == how
    assert Preprocess().as_metadata() == {}
    assert remembered({"edgeinfer.preprocess": b"{"}) == Preprocess()
    for wrong in ({"scale": 0.0}, {"offset": float("nan")}, {"fit": "fold"}):
        with pytest.raises(DataError):
            Preprocess(**wrong)  # type: ignore[arg-type]
