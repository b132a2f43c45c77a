# SPDX-License-Identifier: Apache-2.0
"""A folder of WAV files as samples, through a front end that makes features of sound."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from edgeinfer import evaluate, tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Tensor
from edgeinfer.quantize.preprocess import Preprocess
from edgeinfer.session import Session

_PCM = "Save it as 16-bit PCM with one channel."


def is_audio(folder: Path) -> bool:
    """Whether there are WAV files below a folder."""
    return any(_files(folder))


def read_folder(folder: Path, tensor: Tensor, preprocess: Preprocess) -> Array:
    """All WAV files below a folder, in the order of their names: float32 [n, *input's shape].

    `preprocess.frontend` is a .tflite that takes int16 [1, window]. It starts anew with each file,
    and takes a window every `preprocess.hop` samples (0: one after the other). So many of its
    outputs as the input holds are one sample; a longer file gives several. Raises DataError if
    there is no front end, or files do not fit it."""
    if not preprocess.frontend:
        raise DataError(
            f"'{folder}' holds WAV files, and no front end is named.",
            "Give the .tflite that makes features of sound with --frontend, or features as .npz.",
        )
    graph = tflite.read_file(preprocess.frontend)
    given, made = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if len(graph.inputs) != 1 or given.dtype != np.int16:
        raise DataError(
            f"The front end '{preprocess.frontend}' takes no int16 sound.",
            "Give a .tflite with one int16 input, a window of sound.",
        )
    size, features = int(np.prod(tensor.shape[1:])), made.size
    if size % features:
        raise DataError(
            f"The front end makes {features} features at once, and input '{tensor.name}' of shape "
            f"{tensor.shape} is no multiple of that.",
            "Give the front end that the network was trained with.",
        )
    front, count = Session(compile_graph(graph).image), size // features
    found: list[Array] = []
    for file in _files(folder):
        sound, hop = _sound(file), preprocess.hop or given.size
        front.reset()
        windows = range(0, len(sound) - given.size + 1, hop)
        rows = [front.run([sound[at : at + given.size].reshape(given.shape)])[0] for at in windows]
        if len(rows) < count:
            raise DataError(
                f"'{file}' gives {len(rows)} windows of sound, and the network takes {count}.",
                "Give longer files, or a smaller --hop.",
            )
        real = evaluate.from_output(made, np.stack(rows[: len(rows) // count * count]))
        found.append(real.reshape(-1, *tensor.shape[1:]))
    return np.concatenate(found)


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() == ".wav")


def _sound(file: Path) -> Array:
    try:
        with wave.open(str(file)) as stream:
            if (stream.getsampwidth(), stream.getnchannels()) != (2, 1):
                raise DataError(f"'{file}' is not 16-bit sound of one channel.", _PCM)
            return np.frombuffer(stream.readframes(stream.getnframes()), "<i2").astype(np.int16)
    except (wave.Error, EOFError, OSError) as error:
        raise DataError(f"'{file}' cannot be read as WAV: {error}.", _PCM) from error
