# SPDX-License-Identifier: Apache-2.0
"""Folders of WAV files as samples."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import evaluate, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError
from edgeinfer.graph import Graph
from edgeinfer.quantize import load
from edgeinfer.quantize.preprocess import Preprocess, remembered
from edgeinfer.session import Session
from tests.quantize.networks import Net, classifier


def network(frames: int) -> Graph:
    """Features of so many windows → 4 numbers."""
    net = Net()
    return net.graph(net.dense(net.input(1, frames * 40), 4))


def write(path: Path, sound: np.ndarray, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(sound.astype("<i2").tobytes())


def test_features_are_those_of_the_front_end(shared: Path, tmp_path: Path) -> None:
    path = shared / "models" / "int8" / "micro_speech_frontend.tflite"
    sounds = [np.random.default_rng(i).normal(0, 3000, 16_000).astype(np.int16) for i in range(2)]
    for name, sound in zip("ab", sounds, strict=True):
        write(tmp_path / f"{name}.wav", sound)
    how = Preprocess(frontend=str(path), hop=320)
    (x,) = load(tmp_path, network(20), how).inputs
    assert x.shape == (4, 800)  # 49 windows are two samples of 20
    graph = tflite.read_file(path)
    front = Session(compile_graph(graph).image)
    rows = [front.run([sounds[1][i * 320 :][:480][None]])[0] for i in range(40)]
    real = evaluate.from_output(graph.tensors[graph.outputs[0]], np.stack(rows))
    np.testing.assert_array_equal(x[2:], real.reshape(2, 800))
    assert remembered(how.as_metadata()) == how
    with pytest.raises(DataError, match="gives 33 windows of sound, and the network takes 49"):
        load(tmp_path, network(49), Preprocess(frontend=str(path)))
    with pytest.raises(DataError, match="40 features at once"):
        load(tmp_path, classifier(), how)
    write(tmp_path / "c.wav", sounds[0], channels=2)
    with pytest.raises(DataError, match="not 16-bit sound of one channel"):
        load(tmp_path, network(20), how)
    (tmp_path / "c.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match="cannot be read as WAV"):
        load(tmp_path, network(20), how)


def test_a_front_end_has_to_be_named_and_take_sound(tmp_path: Path, digits_float: Path) -> None:
    write(tmp_path / "a.wav", np.arange(1000))
    with pytest.raises(DataError, match="no front end is named") as caught:
        load(tmp_path, network(1))
    assert "--frontend" in caught.value.remedy
    with pytest.raises(DataError, match="takes no int16 sound"):
        load(tmp_path, network(1), Preprocess(frontend=str(digits_float)))
    with pytest.raises(DataError, match="-1 samples apart"):
        Preprocess(hop=-1)
