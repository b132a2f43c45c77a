# SPDX-License-Identifier: Apache-2.0
"""Arguments and steps that several commands share."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import importers
from edgeinfer.boards import emulator, machine
from edgeinfer.boards.board import Board, board_names, layout_for, load_board
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import Compiled, compile_graph
from edgeinfer.errors import BoardError, DataError, DeviceError, ModelError, UnsupportedError
from edgeinfer.firmware.flash import FlashResult, flash, goal_for
from edgeinfer.graph import Array, Graph
from edgeinfer.image import Image, read_image
from edgeinfer.inspection import is_float
from edgeinfer.native import HOST_LAYOUT
from edgeinfer.optimize import PASSES, Optimized
from edgeinfer.plan import FASTEST, SMALLEST, Goal
from edgeinfer.session import Session
from edgeinfer.wire import ports
from edgeinfer.wire.device import Device

Runner = Callable[[Sequence[Array]], list[Array]]


def model_argument(parser: argparse.ArgumentParser, **options: object) -> None:
    """The positional MODEL."""
    what = ".tflite, or a network to be quantized: .onnx, Keras (.keras, .h5, SavedModel), .pt2"
    parser.add_argument("model", metavar="MODEL", help=what, **options)  # type: ignore[arg-type]


def target_arguments(parser: argparse.ArgumentParser) -> None:
    """--board or --port: where to run."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--board", metavar="B", help="flash this board first and run there")
    where.add_argument("--port", metavar="P", help="run on the board at this serial port as it is")


def compile_arguments(parser: argparse.ArgumentParser) -> None:
    """What `compiled` follows besides --board and --port: the optimizer's options, --memory and
    --optimize."""
    optimizer_arguments(parser)
    memory_argument(parser)
    parser.add_argument(
        "--optimize",
        choices=["speed", "size"],
        default="speed",
        help="size: kernels that take less flash and more time, with the same outputs",
    )


def name_argument(parser: argparse.ArgumentParser) -> None:
    """--name: what a board calls the model."""
    parser.add_argument(
        "--name",
        metavar="NAME",
        type=_name,
        help="what the board calls the model (default: MODEL's name without .tflite). As kws01, "
        "vww01, ic01 or ad01 it takes the inputs of MLPerf Tiny's runner (docs/protocol.md)",
    )


def optimizer_arguments(parser: argparse.ArgumentParser) -> None:
    """--no-optimize or --passes: what happens to the graph before it is packed."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--no-optimize", action="store_true", help="leave dead channels and layers as they are"
    )
    which.add_argument(
        "--passes",
        metavar="LIST",
        help=f"only these passes of the optimizer, by commas: {', '.join(PASSES)}",
    )


def memory_argument(parser: argparse.ArgumentParser) -> None:
    """--memory: what the memory plan is to be good at."""
    parser.add_argument(
        "--memory",
        choices=["minimum", "fast"],
        help="smallest arena, or layer by layer without any move "
        "(by default the fastest plan that fits the board; the smallest if there is no board)",
    )


def for_size(args: argparse.Namespace | None) -> bool:
    """Whether --optimize asks for little flash."""
    return getattr(args, "optimize", None) == "size"


def goal(args: argparse.Namespace, board: Board | None, taken: int = 0) -> Goal:
    """What --memory and the board, if there is one, ask of the memory plan; `taken` bytes of its
    RAM serve something else."""
    memory = getattr(args, "memory", None)
    wanted = goal_for(board, taken)
    return Goal(memory, memories=wanted.memories) if memory else wanted


def _board(args: argparse.Namespace, ui: Ui) -> tuple[Board | None, int | None]:
    """The board of --board or --port, and how many bytes its models remember if it holds several.

    Raises DeviceError when none answers at --port."""
    name, port = getattr(args, "board", None), getattr(args, "port", None)
    state = None
    if name is None and port is not None:
        with connected(port, 115_200, ui) as device:
            said = device.info()
        name, state = said.board, said.state_bytes if said.models > 1 else None
        if name not in board_names():  # firmware of the user's own: nothing is known of it
            return None, state
    return load_board(name) if name else None, state


def passes(args: argparse.Namespace) -> tuple[str, ...] | None:
    """The passes that --no-optimize and --passes leave; None for all."""
    if args.no_optimize:
        return ()
    return None if args.passes is None else tuple(re.findall(r"[^\s,]+", args.passes))


def optimized_fields(optimized: Optimized) -> dict[str, Any]:
    """What the optimizer removed, as JSON data."""
    return {
        "optimized": {
            "summary": optimized.summary(),
            "channels": sum(r.channels for r in optimized.removed),
            "layers": sum(r.layers for r in optimized.removed),
            "weight_bytes": sum(r.weight_bytes for r in optimized.removed),
            "removed": [asdict(r) for r in optimized.removed],
        }
    }


def say_optimized(result: dict[str, Any], ui: Ui, indent: str = "") -> None:
    """One line on what the optimizer removed, if it removed anything."""
    if result["optimized"]["summary"]:
        ui.say(f"{indent}optimized: {result['optimized']['summary']} removed")


def positive(text: str) -> int:
    """A number of things that there must be at least one of."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def percent(text: str) -> float:
    """A share in percent, 0 or above."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 0 or above")
    return value


def natural(text: str) -> int:
    """A whole number, 0 or above."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 0 or above")
    return int(text)


def load(path: str) -> Graph:
    """The graph of a file. Raises ModelError."""
    graph = importers.read_file(path)
    if not graph.nodes or not graph.inputs or not graph.outputs:
        raise ModelError(
            f"{path}: The model has no layers, inputs or outputs.", "Convert the model again."
        )
    return graph


def require_batch(graph: Graph) -> None:
    """Raises UnsupportedError for an input of which samples cannot be given."""
    for t in graph.inputs:
        tensor = graph.tensors[t]
        if not tensor.shape or not tensor.shape[0]:
            raise UnsupportedError(
                f"Input '{tensor.name}' of shape {tensor.shape} has no batch dimension.",
                "Let the first dimension of each input be the batch, usually 1.",
            )


def hint_at_int8(graph: Graph, path: str, ui: Ui) -> None:
    """Say of a float model that there is a smaller and faster one."""
    if is_float(graph):
        ui.warn(
            f"{path} is a float model: it runs as it is, but "
            f"'edgeinfer quantize {path} --calib SAMPLES.npz' makes it smaller and faster."
        )


def compiled(
    graph: Graph,
    path: str,
    ui: Ui,
    args: argparse.Namespace | None = None,
    *,
    board: Board | None = None,
    host: bool = False,
    beside: int | None = None,
) -> Compiled:
    """The image, named like its file, as the options of `args` and the board they name want it;
    with `host` the fastest for this machine, if they name none.

    `beside` is for one of several models in a firmware: what the others remember, in bytes.
    Raises UnsupportedError for what no kernel runs, DeviceError when no board answers at --port."""
    hint_at_int8(graph, path, ui)
    if board is None and args:
        board, state = _board(args, ui)
        if state is not None:
            alone = compiled(graph, path, ui, args, board=board, beside=0)
            beside = state - read_image(alone.image).state_bytes
    small = for_size(args)
    fastest = host and board is None and not small
    with ui.progress("Compiling"):
        return compile_graph(
            replace(graph, name=getattr(args, "name", None) or image_name(path)),
            passes=passes(args) if args else None,
            goal=FASTEST if fastest else goal(args, board, beside or 0) if args else SMALLEST,
            layout=HOST_LAYOUT if fastest else layout_for(board, small),
            apart=beside is not None,
        )


def _name(text: str) -> str:
    """A name that a board can say as it is."""
    if not text or text != image_name(f"{text}.tflite"):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not 1 to 63 visible ASCII characters without [, ], % and /"
        )
    return text


def compiled_together(
    paths: Sequence[str], ui: Ui, args: argparse.Namespace, board: Board | None
) -> list[Compiled]:
    """The images of one model, or of several that share an arena on a board.

    Raises ModelError, DataError for a --name, which is one model's, and UnsupportedError for what
    no kernel runs."""
    graphs = [load(path) for path in paths]
    if len(paths) == 1:
        return [compiled(graphs[0], paths[0], ui, args, board=board)]
    if getattr(args, "name", None):
        raise DataError("--name is for one model.", "Rename the files: each names its model.")
    made = [
        compiled(graph, path, ui, args, board=board, beside=0)
        for graph, path in zip(graphs, paths, strict=True)
    ]
    states = [read_image(each.image).state_bytes for each in made]
    return [
        compiled(graph, path, ui, args, board=board, beside=sum(states) - own)
        if sum(states) > own
        else each
        for graph, path, own, each in zip(graphs, paths, states, made, strict=True)
    ]


def image_name(path: str) -> str:
    """A file's stem as a board can say it in "m-model-[…]"."""
    return re.sub(r"[^!-~]|[][%]", "_", Path(path).stem)[:63] or "model"


def host_runners(model: Compiled) -> list[Runner]:
    """One for each core of this machine; only one for a model that remembers its inputs."""
    cores = 1 if read_image(model.image).reset_steps else os.cpu_count() or 1
    return [Session(model.image).run for _ in range(cores)]


@contextmanager
def runner(args: argparse.Namespace, model: Compiled, ui: Ui) -> Iterator[tuple[Runner, str]]:
    """What runs the model where --board or --port say (else the host), and its name.

    Raises DeviceError when the board holds another model."""
    facts = read_image(model.image)
    if args.board is None and args.port is None:
        yield Session(model.image).run, "host"
        return
    port, name, baud = args.port, args.port, 115_200
    if args.board is not None:
        board = load_board(args.board)
        name, baud = args.board, board.baud
        port = _loaded(board, facts) or flashed(board, [model.image], ui).port
    with connected(port, baud, ui) as device:
        _choose_model(device, facts, model.image, args.model)
        if facts.reset_steps:
            device.reset()

        def on_device(inputs: Sequence[Array]) -> list[Array]:
            raw = device.invoke([np.ascontiguousarray(x).tobytes() for x in inputs])
            return [
                np.frombuffer(b, io.dtype).reshape(io.dims)
                for b, io in zip(raw, facts.outputs, strict=True)
            ]

        yield on_device, name


def _loaded(board: Board, facts: Image) -> str:
    """The port of a running emulated board to which this very image was uploaded; "": none."""
    running = emulator.find(board.name)
    if running is not None and not running.blank:
        with contextlib.suppress(DeviceError), Device(running.port, baud=board.baud) as device:
            said = device.info()
            if said.slot > 0 and said.image_crc == facts.crc:
                return running.port
    return ""


def choose(device: Device, name: str) -> None:
    """Have a board of several models run the one of this name.

    Raises DeviceError if it has none."""
    names = device.models()
    if name not in names:
        raise DeviceError(
            f"The {device.info().board} at {device.port} has no model '{name}'.",
            f"It runs {', '.join(names)}.",
        )
    device.choose(names.index(name))


def _choose_model(device: Device, facts: Image, image: bytes, path: str) -> None:
    """Have the board run this image. Raises DeviceError when it does not hold it."""
    if device.info().models > 1:
        choose(device, facts.name)
    said = device.info()
    sizes = [tuple(io.bytes for io in side) for side in (facts.inputs, facts.outputs)]
    held = (said.model, said.image_bytes, said.image_crc, [said.inputs, said.outputs])
    if held != (facts.name, len(image), facts.crc, sizes):
        raise DeviceError(
            f"The {said.board} at {device.port} runs another model, '{said.model}'.",
            f"Flash this one first: edgeinfer flash {path} --board {said.board}",
        )


def running_port(board: Board | None) -> str:
    """The port of the board that runs already."""
    if board is None:
        raise BoardError("No board is named.", "Give --board or --port; see 'edgeinfer boards'.")
    running = emulator.find(board.name)
    port = running.port if running else "" if board.runs_here else ports.answering(board)
    if running is not None and running.blank:
        raise machine.without_firmware(board.name)
    if not port:
        raise BoardError(
            f"No {board.name} is {'running' if board.runs_here else 'connected'}.",
            f"Flash it first: edgeinfer flash MODEL --board {board.name}",
        )
    return port


def connected(port: str, baud: int, ui: Ui) -> Device:
    """The board at a port. Raises DeviceError when none answers."""
    with ui.progress(f"Waiting for the board at {port}"):
        return Device(port, baud=baud)


def flashed(
    board: Board,
    images: Sequence[bytes],
    ui: Ui,
    port: str = "",
    *,
    ssh: str = "",
    smp: bool = True,
    all_kernels: bool = False,
) -> FlashResult:
    """Flash an image or several, with its stages on the terminal; returns the FlashResult."""
    with ui.progress(f"Flashing {board.name}") as advance:
        return flash(
            images,
            board,
            port=port,
            ssh=ssh,
            smp=smp,
            all_kernels=all_kernels,
            progress=lambda stage: advance(None, stage),
            uploaded=lambda done, total: advance(done / total, "upload", total),
        )
