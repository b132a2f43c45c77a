# SPDX-License-Identifier: Apache-2.0
"""A model under test, on this PC or on a board: what pytest's fixture edgeinfer_target gives.

model = edgeinfer_target.load("digits_int8.tflite")
assert model.accuracy(x, y) > 0.97
assert model.mismatched_bytes() == 0
assert model.latency().within(instructions=200_000, cycles=300_000, us=5_000)
assert model.ram_bytes < 8_192
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgeinfer import tflite
from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, layout_for, load_board
from edgeinfer.compile import Compiled, compile_graph
from edgeinfer.errors import DataError, UnsupportedError
from edgeinfer.evaluate import to_input
from edgeinfer.firmware.flash import FlashResult, flash, goal_for
from edgeinfer.graph import Array, Graph
from edgeinfer.image import read_image
from edgeinfer.inspection import is_float
from edgeinfer.session import Session
from edgeinfer.verify import compare, oracle, random_inputs
from edgeinfer.wire.device import Device, as_timed

HOST = "host"


@dataclass(frozen=True)
class Latency:
    """What one inference takes: instructions (in an emulator), cycles or microseconds."""

    amount: int
    unit: str  # "instructions", "cycles" or "us"
    on_host: bool

    def within(
        self, *, instructions: int | None = None, cycles: int | None = None, us: int | None = None
    ) -> bool:
        """Whether it keeps the budget of its unit; a budget for another unit says nothing.

        On the host there is no budget to break: a PC's time says nothing of a board.
        Raises DataError when the budget of this target's unit is missing."""
        if self.on_host:
            return True
        budget = {"instructions": instructions, "cycles": cycles, "us": us}[self.unit]
        if budget is None:
            raise DataError(
                f"This target measures {self.unit}, for which there is no budget.",
                f"Give within({self.unit}=…).",
            )
        return self.amount <= budget


class Target:
    """The host, or a board that is flashed when a model is to run on it.

    Emulators that a target starts live in a `cache` of its own, beside those of the user."""

    def __init__(self, name: str, cache: Path | None = None) -> None:
        self.name = name
        self.board: Board | None = None if name == HOST else load_board(name)
        self._cache = cache
        self._models: dict[tuple[Path, int, int], Model] = {}
        self._held: Model | None = None
        self._device: Device | None = None

    @property
    def is_host(self) -> bool:
        return self.board is None

    def load(self, path: str | os.PathLike[str]) -> Model:
        """An int8 .tflite, compiled for this target. Raises ModelError or UnsupportedError."""
        file = Path(path).resolve()
        graph = tflite.read_file(str(file))  # it has the message for a file that is missing
        if is_float(graph):
            raise UnsupportedError(
                f"{path} is a float model; boards run int8.", "Quantize it first."
            )
        state = file.stat()
        key = (file, state.st_mtime_ns, state.st_size)
        if key not in self._models:
            goal, layout = goal_for(self.board), layout_for(self.board)
            made = compile_graph(replace(graph, name="test"), goal=goal, layout=layout)
            self._models[key] = Model(self, graph, made)
        return self._models[key]

    def device(self, model: Model) -> Device:
        """The board with this model on it, flashed if it holds another."""
        assert self.board is not None
        if self._device is None or self._held is not model:
            self._release()
            with self._own_cache():
                model.flashed = flash(model.image, self.board, smp=False)
            self._device = Device(model.flashed.port, baud=self.board.baud)
            self._held = model
        return self._device

    def close(self) -> None:
        """Let go of the board; an emulator is stopped."""
        self._release()
        if self.board is not None and self.board.runs_here:
            with self._own_cache():
                emulator.stop(self.name)

    def _release(self) -> None:
        if self._device is not None:
            self._device.close()
        self._device = self._held = None

    @contextmanager
    def _own_cache(self) -> Iterator[None]:
        name = "EDGEINFER_CACHE"
        before = os.environ.get(name)
        if self._cache is not None:
            os.environ[name] = str(self._cache)
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before


class Model:
    """A model on a target. The board is only flashed when something must run on it."""

    def __init__(self, target: Target, graph: Graph, compiled: Compiled) -> None:
        self.target, self.graph, self.image = target, graph, compiled.image
        self.flashed: FlashResult | None = None
        self._facts = read_image(self.image)
        self._session = Session(self.image)

    @property
    def arena_bytes(self) -> int:
        return self._facts.arena_bytes

    @property
    def image_bytes(self) -> int:
        return len(self.image)

    @property
    def ram_bytes(self) -> int:
        """RAM of the firmware: arena, stack, serial buffers, variables. On the host: the arena."""
        placed = self._placed()
        if placed is None:
            return self.arena_bytes
        parts = (placed.arena_bytes, placed.stack_bytes, placed.serial_bytes)
        return sum(parts) + placed.static_ram_bytes

    @property
    def flash_bytes(self) -> int:
        """All flash of the firmware: code and image; the image on the host."""
        placed = self._placed()
        return placed.code_bytes + placed.image_bytes if placed else self.image_bytes

    def run(self, *inputs: Array) -> list[Array]:
        """Outputs in the model's types for one set of inputs; floats are quantized for it."""
        return self._run(self._inputs(inputs))

    def accuracy(self, samples: Array, labels: Array) -> float:
        """The share, 0 to 1, of samples [n, …] whose largest output is at the label [n]."""
        if not len(samples) or len(samples) != len(labels):
            raise DataError(
                f"{len(labels)} labels for {len(samples)} samples.", "Give one for each, and some."
            )
        found = [int(self.run(sample)[0].reshape(-1).argmax()) for sample in samples]
        return float(np.mean(np.asarray(found) == np.asarray(labels)))

    def mismatched_bytes(self, samples: Sequence[Array] | None = None, *, n: int = 10) -> int:
        """Output bytes that differ from TFLite's reference kernels, over samples of the one input,
        or else over `n` pseudo-random ones."""
        inputs = (
            random_inputs(self.graph, n)
            if samples is None
            else [self._inputs((sample,)) for sample in samples]
        )
        if not inputs:
            raise DataError("There are no samples to compare.", "Give some, or leave them out.")
        return compare(self._run, oracle(self.graph).run, inputs)[0].mismatched_bytes

    def latency(self, runs: int = 3) -> Latency:
        """The median of some inferences of a pseudo-random input."""
        (sample,) = random_inputs(self.graph, 1)
        board = self.target.board
        if board is None:
            times = []
            for _ in range(runs):
                begin = time.perf_counter_ns()
                self._session.run(sample)
                times.append((time.perf_counter_ns() - begin) // 1000)
            return Latency(statistics.median_low(times), "us", on_host=True)
        device, data = self.target.device(self), b"".join(x.tobytes() for x in sample)
        board = as_timed(board, device.info())
        amounts = []
        for _ in range(runs):
            device.load_input(data)
            amounts += [board.amount(ticks) for ticks in device.run_ticks(1)]
        return Latency(statistics.median_low(amounts), board.unit, on_host=False)

    def _placed(self) -> FlashResult | None:
        """What the board's firmware takes; None on the host."""
        if self.target.board is not None and self.flashed is None:
            self.target.device(self)
        return self.flashed

    def _run(self, inputs: Sequence[Array]) -> list[Array]:
        if self.target.is_host:
            return self._session.run(inputs)
        raw = self.target.device(self).invoke([np.ascontiguousarray(x).tobytes() for x in inputs])
        return [
            np.frombuffer(data, io.dtype).reshape(io.dims)
            for data, io in zip(raw, self._facts.outputs, strict=True)
        ]

    def _inputs(self, values: Sequence[Array]) -> list[Array]:
        """In the types and shapes of the model. Raises DataError when they cannot be that."""
        if len(values) != len(self.graph.inputs):
            raise DataError(
                f"The model has {len(self.graph.inputs)} inputs, {len(values)} were given.",
                "Give one array for each input.",
            )
        found = []
        for t, value in zip(self.graph.inputs, values, strict=True):
            tensor, array = self.graph.tensors[t], np.asarray(value)
            if array.size != int(np.prod(tensor.shape)):
                raise DataError(
                    f"Input '{tensor.name}' has shape {tensor.shape}, not {array.shape}.",
                    "Give one sample at a time.",
                )
            found.append(to_input(tensor, array.reshape(tensor.shape)))
        return found
