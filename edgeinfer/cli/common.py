# SPDX-License-Identifier: Apache-2.0
"""Arguments and steps that several commands share."""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import tflite
from edgeinfer.boards import load_board
from edgeinfer.cli.ui import Ui
from edgeinfer.compile import Compiled, compile_graph
from edgeinfer.device import Device
from edgeinfer.errors import BoardError, DataError, DeviceError, UnsupportedError
from edgeinfer.flash import FlashResult, flash
from edgeinfer.graph import Array, Graph
from edgeinfer.image import read_image
from edgeinfer.inspection import is_float
from edgeinfer.session import Session

Runner = Callable[[Sequence[Array]], list[Array]]


def model_argument(parser: argparse.ArgumentParser, **options: object) -> None:
    """The positional MODEL."""
    parser.add_argument("model", metavar="MODEL", help=".tflite file", **options)  # type: ignore[arg-type]


def target_arguments(parser: argparse.ArgumentParser) -> None:
    """--board or --port: where to run."""
    parser.add_argument("--board", metavar="B", help="flash this board first and run there")
    parser.add_argument("--port", metavar="P", help="run on the board at this serial port as it is")


def load(path: str) -> Graph:
    """The graph of a file. Raises ModelError."""
    return tflite.read_file(path)


def compiled(graph: Graph, path: str) -> Compiled:
    """The image of a quantized model. Raises UnsupportedError for a float one."""
    if is_float(graph):
        raise UnsupportedError(
            f"{path} is a float model; boards run int8.",
            f"Run 'edgeinfer quantize {path} --calib SAMPLES.npz' first.",
        )
    return compile_graph(graph)


def read_arrays(path: str, graph: Graph) -> list[list[Array]]:
    """Inputs from .npy or .npz: a list of samples, each an array per input, types as in the file.

    An .npz of a model with several inputs has a key for each input name.
    Raises DataError naming file and shapes."""
    file = Path(path)
    try:
        data = np.load(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist.", "Check the path.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no .npy or .npz file ({error}).", "Save with numpy.") from error
    tensors = [graph.tensors[t] for t in graph.inputs]
    if isinstance(data, np.ndarray):
        columns = [data]
    elif len(tensors) > 1:
        missing = [t.name for t in tensors if t.name not in data]
        if missing:
            raise DataError(f"{path} lacks {missing}.", "Save one array per input name.")
        columns = [data[t.name] for t in tensors]
    else:
        names = [n for n in ("x", "img", *data.files) if n in data.files]
        columns = [data[names[0]]] if names else []
    if len(columns) != len(tensors):
        raise DataError(
            f"The model has {len(tensors)} inputs, {path} holds {len(columns)} arrays.",
            "Save an .npz with one array per input name.",
        )
    found: list[list[Array]] = []
    for tensor, array in zip(tensors, columns, strict=True):
        if array.shape == tensor.shape[1:]:
            array = array[None]
        if array.shape[1:] != tensor.shape[1:] or array.shape[0] % max(tensor.shape[0], 1):
            raise DataError(
                f"{path} has shape {array.shape}; input '{tensor.name}' takes {tensor.shape}.",
                "Reshape the samples: the first dimension counts them.",
            )
        found.append(list(array.reshape(-1, *tensor.shape)))
    return [list(sample) for sample in zip(*found, strict=True)]


@contextmanager
def runner(args: argparse.Namespace, model: Compiled, ui: Ui) -> Iterator[tuple[Runner, str]]:
    """What runs the model where --board or --port say (else the host), and its name.

    Raises DeviceError when the board holds another model."""
    facts = read_image(model.image)
    if args.board is None and args.port is None:
        yield Session(model.image).run, "host"
        return
    port, name = args.port, args.port
    if args.board is not None:
        if args.port is not None:
            raise BoardError("Give --board or --port, not both.", "--board flashes first.")
        port, name = flashed(args.board, model.image, ui).port, args.board
    with Device(port) as device:
        if device.info().image_crc != zlib.crc32(model.image):
            raise DeviceError(
                f"The board at {port} runs another model.", "Flash it with 'edgeinfer flash'."
            )

        def on_device(inputs: Sequence[Array]) -> list[Array]:
            raw = device.invoke([np.ascontiguousarray(x).tobytes() for x in inputs])
            return [
                np.frombuffer(b, io.dtype).reshape(io.dims)
                for b, io in zip(raw, facts.outputs, strict=True)
            ]

        yield on_device, name


def flashed(board: str, image: bytes, ui: Ui) -> FlashResult:
    """Flash an image with a line per stage on the terminal; returns the FlashResult."""
    stages = ("build", "upload", "self-test")
    with ui.progress(f"Flashing {board}") as advance:
        return flash(
            image,
            load_board(board),
            progress=lambda stage: advance(stages.index(stage) / len(stages)),
        )


def host(graph: Graph) -> Runner:
    """The host's C library running a quantized graph."""
    return Session(compile_graph(graph).image).run


def read_labels(path: str, count: int) -> Array:
    """Class numbers from a .npy: int64 [count]. Raises DataError."""
    try:
        labels = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no labels ({error}).", "Save with numpy.save.") from error
    if not isinstance(labels, np.ndarray) or labels.shape != (count,):
        raise DataError(f"{path} does not hold {count} labels.", "Save one class per sample.")
    return labels.astype(np.int64)


def figures(result: Mapping[str, Any]) -> list[str]:
    """An evaluation's figures as lines for people."""
    lines = []
    if result.get("top1") is not None:
        low, high = result["top1_interval"]
        beside = result.get("float_top1")
        other = f", float {beside:.2f} %" if beside is not None else ""
        lines.append(f"top-1      {result['top1']:.2f} % (95 %: {low:.1f} to {high:.1f}){other}")
    if result.get("agreement") is not None:
        lines.append(f"agreement  {result['agreement']:.2f} % with the float model's choice")
        exact = "exact" if result["sqnr_db"] is None else f"{result['sqnr_db']:.1f} dB"
        lines.append(f"SQNR       {exact}")
    if result.get("kl") is not None:
        lines.append(f"KL         {1e4 * result['kl']:.1f} e-4 nats")
    return lines
