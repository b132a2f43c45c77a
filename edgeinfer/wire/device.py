# SPDX-License-Identifier: Apache-2.0
"""A flashed board on a serial port: what it can be asked. link.py does the framing."""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board
from edgeinfer.errors import DamageError, DataError, DeviceError, MismatchError
from edgeinfer.wire import ports
from edgeinfer.wire.link import ATTEMPTS, BLOCK, MOST, SMALLEST, Link

PROTOCOL = "1"
BOOT_SECONDS = 2.5  # a boot loader's patience after a reset, and some more
_NUMBERS = ("hz", "steps", "image", "crc", "keeps")

Progress = Callable[[int, int], None]  # bytes done, bytes in all


@dataclass(frozen=True)
class DeviceInfo:
    """What the board says of itself and its model."""

    board: str
    model: str
    timer: str
    hz: int  # ticks per second
    steps: int
    inputs: tuple[int, ...]  # bytes of each
    outputs: tuple[int, ...]
    image_bytes: int
    image_crc: int
    keeps_input: bool  # an input survives an inference
    models: int = 1  # how many the board holds
    chosen: int = 0  # the number of the one that all else here is about
    state_bytes: int = 0  # what several models remember, in all
    slot: int = 0  # where the model is: 0 built in, above uploaded


def as_timed(board: Board, info: DeviceInfo) -> Board:
    """The board whose timer says so of itself: where no cycles are counted, microseconds."""
    if not board.cycle_counter or info.timer == board.timer:
        return board
    return replace(board, cycle_counter="", clock_hz=info.hz)


@dataclass(frozen=True)
class Memory:
    """RAM on the board, in bytes."""

    stack_used: int  # high-water mark since boot
    stack_bytes: int
    static_bytes: int  # beyond arena, stack and serial buffers
    arena_bytes: int
    input_bytes: int  # the input's own buffer; 0 when there was no room


class Device:
    """A board on a port: a device file, a pseudo-terminal or a socket:// address.

    `timeout`: patience for a reply that needs no work, `work`: for one inference, `patience`: for
    a port that is not free yet; in seconds."""

    def __init__(
        self,
        port: str,
        *,
        baud: int = 115_200,
        timeout: float = 2.0,
        work: float = 120.0,
        patience: float = 0.0,
    ) -> None:
        self.port, self.work = port, work
        self._attempts = MOST  # at an inference
        self._block = BLOCK  # bytes of input at a time; fewer once the line was found to be bad
        boot = BOOT_SECONDS if emulator.resets(port) or ports.resets(port) else 0.0
        self.link = Link(port, baud, timeout, patience)
        try:
            self._greet(max(5 * timeout, 1.0), boot)
            self._info = self._read_info()
        except BaseException:
            self.link.close()
            raise

    def _greet(self, seconds: float, boot: float) -> None:
        try:
            self.link.hello(seconds, boot=boot)
        except DeviceError as error:
            raise ports.why_silent(self.port, self.link.said) or error from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.link.close()

    def info(self) -> DeviceInfo:
        return self._info

    def refresh(self) -> None:
        """Ask anew what the board runs."""
        self._info = self._read_info()

    def models(self) -> list[str]:
        """The names of all models that the board holds."""
        lines = self.link.request("models", self.work, reply_bytes=80 * self._info.models)
        with _protocol(self.port):
            return [each.split(" ", 1)[1] for each in _fields(lines, "listed")]

    def choose(self, number: int) -> None:
        """Have all else be about the model of this number; each keeps its state, none its input."""
        self.link.request(f"model {number}", self.work)
        self._info = self._read_info()

    def load_input(self, data: bytes, progress: Progress | None = None) -> None:
        """Give the board the model's input: all inputs in order, as one string of bytes."""
        expected = sum(self._info.inputs)
        if len(data) != expected:
            raise DataError(
                f"The model on the board takes {expected} bytes of input, {len(data)} were given.",
                "Give it the input of the model that was flashed.",
            )
        at = 0
        while at < len(data):
            try:
                at = self._load_block(at, data[at : at + self._block])
            except DamageError:
                if self._block == SMALLEST:
                    raise
                self._block //= 2  # the less there is at a time, the more of it passes
                continue
            if progress:
                progress(at, len(data))

    def _load_block(self, at: int, chunk: bytes) -> int:
        """Give the board a block of the input; where the next one begins."""
        attempts = MOST if self._block == SMALLEST else ATTEMPTS
        command = f"block {at} {len(chunk)} {zlib.crc32(chunk):08x}"
        with _protocol(self.port):
            lines = self.link.request(command, payload=chunk, attempts=attempts)
            (end,) = _fields(lines, "block")
            if int(end) != at + len(chunk):
                raise ValueError(end)
        return at + len(chunk)

    def infer(self, n: int = 1, warmup: int = 0) -> tuple[float, list[float]]:
        """n inferences with EEMBC's command: microseconds for each, and the results as reals."""
        lines = self.link.command(f"infer {n} {warmup}", self.work * (n + warmup))
        with _protocol(self.port):
            first, last = (int(us) for us in _matches(lines, r"m-lap-us-(\d+)"))
            (results,) = _matches(lines, r"m-results-\[(.*)\]")
            return (last - first) / n, [float(value) for value in results.split(",")]

    def output(self) -> list[bytes]:
        """The bytes of each output of the last inference."""
        lines = self.link.request("out", reply_bytes=3 * sum(self._info.outputs))
        with _protocol(self.port):
            data = bytes.fromhex("".join(_fields(lines, "out")))
            if len(data) != sum(self._info.outputs):
                raise ValueError(len(data))
        ends = [sum(self._info.outputs[: i + 1]) for i in range(len(self._info.outputs))]
        return [data[e - n : e] for e, n in zip(ends, self._info.outputs, strict=True)]

    def invoke(self, inputs: Sequence[bytes], progress: Progress | None = None) -> list[bytes]:
        """Load the inputs, run once, and read the outputs."""
        self.load_input(b"".join(inputs), progress)
        self.run_ticks(1)
        return self.output()

    def run_ticks(self, n: int = 1) -> list[int]:
        """Ticks of each of n inferences from the loaded input."""
        lines = self.link.request(
            f"run {n}", self.work, reply_bytes=40 * n, attempts=self._attempts
        )
        with _protocol(self.port):
            ticks = [int(each) for each in _fields(lines, "run")]
            if len(ticks) != n:
                raise ValueError(len(ticks))
        return ticks

    def step_ticks(self) -> list[tuple[int, int]]:
        """(layer, ticks) of each step of one inference from the loaded input."""
        lines = self.link.request(
            "steps", self.work, reply_bytes=40 * self._info.steps, attempts=self._attempts
        )
        with _protocol(self.port):
            words = [each.split() for each in _fields(lines, "step")]
            return [(int(layer), int(ticks)) for _, layer, ticks in words]

    def memory(self) -> Memory:
        lines = self.link.request("mem")
        with _protocol(self.port):
            names = ("stack-used", "stack", "static", "arena", "input")
            return Memory(*(int(_fields(lines, name)[0]) for name in names))

    def reset(self) -> None:
        """Put the model's state to its start. If it has one, a later inference whose reply is lost
        is not repeated, since it would be the next of the sequence, but raises DamageError."""
        with _protocol(self.port):
            (steps,) = _fields(self.link.request("reset", self.work), "reset")
            self._attempts = 1 if int(steps) else MOST

    def selftest(self) -> None:
        """Run the image's self-test. Raises MismatchError when the board computes other bytes."""
        lines = self.link.request("selftest", self.work)
        with _protocol(self.port):
            verdict, got, wanted = _fields(lines, "selftest")[0].split()
        if verdict != "ok":
            raise MismatchError(
                f"The board fails the model's self-test: CRC {got} instead of {wanted}.",
                "Flash the model again; if it stays, report it with the model.",
            )

    def _read_info(self) -> DeviceInfo:
        lines = self.link.request("info", reply_bytes=400)
        with _protocol(self.port):
            version = _fields(lines, "protocol")[0]
            if version != PROTOCOL:
                raise DeviceError(
                    f"The board speaks protocol {version}, this program {PROTOCOL}.",
                    "Flash the board again with this version of edgeinfer.",
                )
            fact = {n: _fields(lines, n)[0] for n in ("board", "model", "timer")}
            number = {n: int(_fields(lines, n)[0]) for n in _NUMBERS}
            inputs, outputs = (
                tuple(int(size) for size in _fields(lines, side)[0].split())
                for side in ("inputs", "outputs")
            )
            keys = {"models": "models", "chosen": "chosen", "state_bytes": "states", "slot": "slot"}
            more = {name: value for name in keys for value in _fields(lines, keys[name])}
            return DeviceInfo(
                board=fact["board"],
                model=fact["model"],
                timer=fact["timer"],
                hz=number["hz"],
                steps=number["steps"],
                inputs=inputs,
                outputs=outputs,
                image_bytes=number["image"],
                image_crc=number["crc"],
                keeps_input=bool(number["keeps"]),
                **{name: int(value) for name, value in more.items()},
            )


def _fields(lines: list[str], name: str) -> list[str]:
    """The values of all lines m-ei-<name>-[<value>]."""
    return _matches(lines, rf"m-ei-{name}-\[(.*)\]")


def _matches(lines: list[str], pattern: str) -> list[str]:
    return [found[1] for line in lines if (found := re.fullmatch(pattern, line))]


@contextmanager
def _protocol(port: str) -> Iterator[None]:
    """Turn what a malformed reply causes into a DeviceError."""
    try:
        yield
    except (ValueError, IndexError) as error:
        raise DeviceError(
            f"The board on {port} gives an answer that makes no sense.",
            "Flash it again with this version of edgeinfer.",
        ) from error
