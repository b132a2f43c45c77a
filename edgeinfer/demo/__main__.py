# SPDX-License-Identifier: Apache-2.0
"""The main job from float network to benchmarked board, on real handwritten digits.

Run by `make demo`; each stage is what the command of the same name does."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgeinfer import evaluate, reference, tflite
from edgeinfer.bench import bench
from edgeinfer.boards import emulator
from edgeinfer.boards.board import Board, load_board
from edgeinfer.cli.ui import Ui, size
from edgeinfer.compile import Compiled, compile_graph
from edgeinfer.demo import digits
from edgeinfer.errors import EdgeinferError, MismatchError
from edgeinfer.firmware.flash import FlashResult, flash
from edgeinfer.graph import Array, Graph
from edgeinfer.image import read_image
from edgeinfer.inspection import macs
from edgeinfer.quantize import quantize
from edgeinfer.session import Session
from edgeinfer.verify import compare, oracle, random_inputs
from edgeinfer.wire.device import Device

BOARD = "netduinoplus2"
CALIBRATION = 200  # training images
FLOAT_MODEL = Path(__file__).with_name("digits_float.tflite")
Runner = Callable[[Sequence[Array]], list[Array]]


def main() -> int:
    """Run all stages; the exit status of the command line."""
    ui = Ui()
    try:
        demo(ui)
    except EdgeinferError as error:
        ui.say(f"error: {error.what}\n{error.remedy}", style="bold red")
        return error.exit_status
    finally:
        emulator.stop(BOARD)
    return 0


def demo(ui: Ui) -> None:
    """The stages. Raises EdgeinferError at the first that fails."""
    ui.say("edgeinfer: handwritten digits on an emulated STM32F405 (Cortex-M4F)", style="bold")
    x_train, _, x_test, y_test = digits.load()
    float_graph = tflite.read_file(FLOAT_MODEL)
    float_outputs = reference.run(float_graph, [x_test])[0]
    float_top1 = top1(float_outputs, y_test)
    stage(ui, "float", f"{size(FLOAT_MODEL.stat().st_size)}, trained on 1,297 images")

    graph, path = quantized(ui, float_graph, x_train)
    made = verified(ui, graph)
    plan = made.plan
    proof = "proven smallest" if plan.optimal else f"lower bound {plan.lower_bound_bytes:,}"
    stage(ui, "plan", f"arena {size(plan.arena_bytes)}, {proof}; image {size(len(made.image))}")

    board = load_board(BOARD)
    flashed = put_on_board(ui, board, made)
    with Device(flashed.port, baud=board.baud) as device:
        benchmarked(ui, device, board, made, flashed)
        host = classify(ui, "host", graph, Session(made.image).run, x_test)
        there = classify(ui, "board", graph, lambda x: remote(device, x), x_test)
    if not np.array_equal(host, there):
        raise MismatchError("The board's bytes differ from the host's.", "Please report this.")
    on_host, on_board = top1(host, y_test), top1(there, y_test)
    stage(
        ui,
        "top-1",
        f"float {float_top1:.2f} %, int8 on the host {on_host:.2f} %, on the board "
        f"{on_board:.2f} % of {len(y_test)} test images; every output byte equal",
    )
    ui.say(f"\nThe int8 model is {path}. Next: .venv/bin/edgeinfer inspect {path}")


def quantized(ui: Ui, graph: Graph, images: Array) -> tuple[Graph, Path]:
    """The int8 graph and the file it was written to."""
    with ui.progress("Quantizing") as advance:
        done = quantize(
            graph, images[:CALIBRATION], progress=lambda stage, part: advance(part, stage)
        )
    path = Path(tempfile.gettempdir()) / "digits_int8.tflite"
    tflite.write_file(path, done.graph)
    stage(ui, "quantize", f"{size(path.stat().st_size)} int8 .tflite, {CALIBRATION} images")
    return done.graph, path


def verified(ui: Ui, graph: Graph) -> Compiled:
    """The compiled graph, its bytes compared with the reference on random inputs."""
    made, expected = compile_graph(graph), oracle(graph)
    with ui.progress("Verifying") as advance:
        inputs = random_inputs(graph, 100)
        verdict, _ = compare(Session(made.image).run, expected.run, inputs, advance)
    if verdict.mismatched_bytes:
        raise MismatchError("The host differs from the reference.", "Run 'edgeinfer verify'.")
    stage(ui, "verify", f"0 of {verdict.compared_bytes:,} bytes differ from {expected.name}")
    return made


def put_on_board(ui: Ui, board: Board, made: Compiled) -> FlashResult:
    """Build, start the emulator, and have the board prove itself."""
    stages = ("build", "upload", "self-test")
    with ui.progress("Flashing") as advance:
        done = flash(made.image, board, progress=lambda s: advance(stages.index(s) / len(stages)))
    sizes = f"code {size(done.code_bytes)}, static RAM {size(done.static_ram_bytes)}"
    stage(ui, "flash", f"{board.name} at {done.port}: {sizes}, self-test passed")
    return done


def benchmarked(ui: Ui, device: Device, board: Board, made: Compiled, flashed: FlashResult) -> None:
    """What an inference costs, measured over serial."""
    layer_macs = macs(made.plan.program.graph)
    with ui.progress("Benchmarking") as advance:
        cost = bench(
            device,
            board,
            read_image(made.image),
            flashed=flashed,
            macs=layer_macs,
            progress=lambda i, n: advance(i / n),
        )
    each = cost["per_inference"]
    stage(
        ui,
        "bench",
        f"{each:,} {cost['unit']} per inference of {sum(layer_macs):,} MACs, "
        f"stack {size(cost['stack_bytes'])}",
    )


def remote(device: Device, inputs: Sequence[Array]) -> list[Array]:
    """One inference on the board: int8 in, int8 out."""
    return [np.frombuffer(raw, np.int8) for raw in device.invoke([x.tobytes() for x in inputs])]


def classify(ui: Ui, where: str, graph: Graph, run: Runner, images: Array) -> Array:
    """The int8 outputs for all images: [n, 10]."""
    tensor, rows = graph.tensors[graph.inputs[0]], []
    with ui.progress(f"Classifying on the {where}") as advance:
        for i, image in enumerate(images):
            rows.append(run([evaluate.to_input(tensor, image[None])])[0].reshape(-1))
            advance((i + 1) / len(images))
    return np.stack(rows)


def top1(outputs: Array, labels: Array) -> float:
    """Percent of samples whose largest output is the label."""
    return float(100 * np.mean(outputs.argmax(1) == labels))


def stage(ui: Ui, name: str, text: str) -> None:
    """A line of the summary."""
    ui.say(f"  {name:<9} {text}")


if __name__ == "__main__":
    sys.exit(main())
