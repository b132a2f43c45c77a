# SPDX-License-Identifier: Apache-2.0
"""From samples to a word: TFLite Micro's audio front end and its keyword model."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.reference import Reference
from edgeinfer.session import Session

WORDS = ("silence", "unknown", "yes", "no")
WINDOW, STRIDE, FRAMES = 480, 320, 49  # 30 and 20 ms at 16 kHz


def frames(shared: Path, name: str) -> list[np.ndarray]:
    with wave.open(str(shared / "data" / "audio" / f"{name}_1000ms.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return [samples[i * STRIDE :][:WINDOW][None] for i in range(FRAMES)]


@pytest.mark.parametrize("word", ["yes", "no"])
def test_a_spoken_word_is_recognized(shared: Path, word: str) -> None:
    models = shared / "models" / "int8"
    graph = tflite.read_file(models / "micro_speech_frontend.tflite")
    network = Session(compile_graph(tflite.read_file(models / "micro_speech_int8.tflite")).image)
    front, reference = Session(compile_graph(graph).image), Reference(graph)
    features = []
    for frame in frames(shared, word):
        (feature,) = front.run([frame])
        assert feature.tobytes() == reference.run([frame])[0].tobytes()
        features.append(feature)
    (scores,) = network.run([np.concatenate(features).reshape(1, -1)])
    assert WORDS[int(scores.argmax())] == word
