# SPDX-License-Identifier: Apache-2.0
"""The .tflite reader and the compiler under atheris, libFuzzer for Python.

Usage: python -m tests.fuzz.model LIBFUZZER-OPTIONS... CORPUS"""

from __future__ import annotations

import gc
import random
import sys
import warnings
from types import FunctionType, ModuleType

import numpy as np

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.errors import EdgeinferError, ImageError
from edgeinfer.plan import FASTEST
from tests.ops.test_damage import damaged

# Tensors of a model that is compiled: what takes more memory only takes longer.
MAX_BYTES = 1 << 20


def attempt(data: bytes) -> None:
    """Read a model, write it and make its image. Any error but EdgeinferError is a finding."""
    try:
        graph = tflite.read(data)
        tflite.read(tflite.write(graph))
        parts = (graph, *graph.subgraphs)
        if sum(tensor.nbytes for part in parts for tensor in part.tensors) <= MAX_BYTES:
            compile_graph(graph, goal=FASTEST)
    except EdgeinferError as error:
        if not error.remedy or isinstance(error, ImageError):
            raise AssertionError("an error that tells its user nothing") from error


def mutate(atheris: ModuleType, data: bytes, size: int, seed: int) -> bytes:
    """Bytes changed as libFuzzer does, or layers and tensors changed in a sound file."""
    if random.Random(seed).random() < 0.5:
        try:
            made = tflite.write(damaged(np.random.default_rng(seed), tflite.read(data)))
            return made if len(made) <= size else data
        except (EdgeinferError, IndexError, ValueError, OverflowError):
            pass  # what cannot be changed so
    return bytes(atheris.Mutate(data, size))


def main() -> None:
    """The fuzzer; libFuzzer ends the process."""
    import atheris

    warnings.simplefilter("ignore", RuntimeWarning)
    for item in gc.get_objects():  # atheris's import hook does not see an editable install
        if isinstance(item, FunctionType) and (item.__module__ or "").startswith("edgeinfer."):
            atheris.instrument_func(item)
    # Where libFuzzer starts itself again it gives this to the shell.
    command = f"{sys.executable} -m tests.fuzz.model"
    atheris.Setup(
        [command, *sys.argv[1:]],
        attempt,
        custom_mutator=lambda *given: mutate(atheris, *given),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
