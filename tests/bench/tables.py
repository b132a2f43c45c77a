# SPDX-License-Identifier: Apache-2.0
"""The tables: each measures what it shows."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edgeinfer import tflite
from edgeinfer.boards.board import load_board
from edgeinfer.graph import Graph
from edgeinfer.inspection import macs
from edgeinfer.report.picture import Picture
from tests.bench import host
from tests.bench import peers as known
from tests.bench.measure import library_bytes, measure, parameter_bytes
from tests.bench.mobilenet import mobilenet
from tests.bench.peers import MODELS, Peers
from tests.bench.plot import Series, scaling

_WIDER = ((0.25, 96), (0.5, 96), (0.75, 96), (1.0, 96))  # width and resolution
_LARGER = ((0.25, 96), (0.25, 128), (0.25, 160), (0.25, 192), (0.25, 224))


@dataclass(frozen=True)
class Table:
    title: str
    note: str
    heads: list[str]
    rows: list[list[str]]
    picture: Picture | None = None


class Bench:
    """Measures models of ../shared, each on each board once."""

    def __init__(self, shared: Path, models: tuple[str, ...], tell: Callable[[str], None]) -> None:
        self.models, self.peers, self._tell = models, Peers(shared / "baselines"), tell
        self._folder = shared / "models" / "int8"

    @cache  # noqa: B019 - one Bench lives as long as the program
    def graph(self, model: str) -> Graph:
        return tflite.read_file(self._folder / f"{model}_int8.tflite")

    @cache  # noqa: B019
    def cost(self, model: str, board: str, smallest: bool = False) -> dict[str, Any]:
        self._tell(f"{model} on {board}{', smallest arena' if smallest else ''}")
        return measure(self.graph(model), board, smallest=smallest)

    def tables(self) -> Iterator[Table]:
        """All of them; the first take most of the time."""
        yield from (self._core(board) for board in known.TARGETS)
        yield self._cycles()
        yield self._memory()
        yield self._images()
        yield self._pis()
        yield self._host()
        yield self._code()
        yield self._scaling()

    def _core(self, board: str) -> Table:
        core = known.PEER_CORES[board]
        rows = []
        for model in self.models:
            spent, total = self.cost(model, board)["per_inference"], sum(macs(self.graph(model)))
            tflm = (self.peers.on(core, model) or {}).get("instructions")
            tiny = (self.peers.on(core, model, "tinyengine") or {}).get("instructions")
            target = known.TARGETS[board][MODELS.index(model)]
            row = [model, f"{total:,}", f"{spent:,}", f"{spent / total:.2f}", f"{target:,}"]
            rows.append([*row, _number(tflm), _number(tiny), _ratio(spent, tflm)])
        return Table(
            f"Executed instructions of one inference, {load_board(board).core} ({board})",
            "Each with the fastest plan that fits. TFLM: TensorFlow Lite Micro with CMSIS-NN; "
            "the ratio is to it.",
            ["model", "MACs", "edgeinfer", "per MAC", "target", "TFLM", "TinyEngine", "ratio"],
            rows,
        )

    def _cycles(self) -> Table:
        board, rows = "mps2-an386", []
        for model in self.models:
            cycles = self.cost(model, board)["estimated_cycles"]["cortex-m4"]
            record = known.SILICON.get(model)
            rows.append([model, f"{cycles:,}", _number(record), _ratio(cycles, record)])
        return Table(
            "Estimated cycles of one inference, Cortex-M4",
            "[How it is made](cycles.md), and what it leaves out. Record: the best in MLPerf "
            "Tiny's closed division on an STM32L4R5: silicon, which waits for its flash.",
            ["model", "edgeinfer, estimated", "record", "ratio"],
            rows,
        )

    def _memory(self) -> Table:
        board, rows = "mps2-an386", []
        for model in self.models:
            fast, small = self.cost(model, board), self.cost(model, board, smallest=True)
            tflm = (self.peers.on("m4", model) or {}).get("arena_bytes")
            tiny = (self.peers.on("m4", model, "tinyengine") or {}).get("arena_bytes")
            more = 100 * (small["per_inference"] / fast["per_inference"] - 1)
            target = known.ARENAS[MODELS.index(model)]
            row = [model, f"{small['arena_bytes']:,}", f"{target:,}", _number(tflm), _number(tiny)]
            rows.append([*row, f"{fast['arena_bytes']:,}", f"{more:.1f} %"])
        return Table(
            "Arena in bytes",
            "The smallest plan (`--memory minimum`), and how many more instructions it takes on a "
            "Cortex-M4 than the fastest (`--memory fast`).",
            ["model", "smallest", "target", "TFLM", "TinyEngine", "fastest", "instructions"],
            rows,
        )

    def _images(self) -> Table:
        board, rows = "mps2-an386", []
        for model in self.models:
            least, row = parameter_bytes(self.graph(model)), [model]
            for smallest in (False, True):
                size = self.cost(model, board, smallest=smallest)["image_bytes"]
                row += [f"{size:,}", f"{size / least:.3f}"]
            rows.append([*row, f"{least:,}"])
        return Table(
            "Image in bytes, Cortex-M4",
            "With the fastest plan and with the smallest arena, beside the weights, biases and "
            "multipliers that the optimizer leaves: a multiplier is 31 bits and a shift, 5 bytes. "
            "Target: 1.06 times these.",
            [
                "model",
                "fastest",
                "ratio",
                "smallest arena",
                "ratio",
                "weights, biases, multipliers",
            ],
            rows,
        )

    def _pis(self) -> Table:
        boards = ["rpi-zero-w", *known.PIS]
        heads = ["model"]
        for board in boards:
            heads += [board] + (["LiteRT"] if board in known.PIS else [])
        rows = []
        for model in self.models:
            row = [model]
            for board in boards:
                row.append(f"{self.cost(model, board)['per_inference']:,}")
                if board in known.PIS:
                    row.append(_number(self.peers.on_pi(board, model)))
            rows.append(row)
        return Table(
            "Executed instructions of one inference, Raspberry Pi",
            "ARM1176, Cortex-A72 and A76 under QEMU. LiteRT 2.1 with XNNPACK on the same core.",
            heads,
            rows,
        )

    def _host(self) -> Table:
        found = []
        for model in self.models:
            self._tell(f"{model} on this machine")
            found.append(host.times(self._folder / f"{model}_int8.tflite"))
        rows = []
        for model, seconds in zip(self.models, found, strict=True):
            ours, row = seconds[host.BUILDS[0]], [model]
            row += [f"{1e6 * t:.1f}" for name, t in seconds.items() if name in host.BUILDS]
            for peer in (host.LITERT, host.RUNTIME):
                theirs = seconds.get(peer)
                row += [f"{1e6 * theirs:.1f}", f"{ours / theirs:.2f}"] if theirs else ["–", "–"]
            rows.append(row)
        return Table(
            "Microseconds of one inference, this PC",
            f"One thread ({platform.machine()}); side by side, the fastest of many, and it differs "
            f"from machine to machine. The ratios are those of {host.BUILDS[0]}, which `eval` runs "
            "on such a machine; targets are 1.5 to LiteRT with XNNPACK and 1 to tflite-runtime. "
            "Where there is no figure, the peer refuses the model or is not installed.",
            ["model", *host.BUILDS, host.LITERT, "ratio", host.RUNTIME, "ratio"],
            rows,
        )

    def _code(self) -> Table:
        peer = self.peers.on("m4", "kws01")
        assert peer is not None
        rows = []
        for optimize, target in known.CODE.items():
            cost = measure(self.graph("kws01"), "mps2-an386", small=optimize == "size")
            own = f"{library_bytes('mps2-an386'):,}"
            row = [optimize, own, f"{target:,}", f"{cost['code_bytes']:,}"]
            rows.append([*row, f"{peer['code_bytes']:,}", f"{cost['per_inference']:,}"])
        return Table(
            "Code bytes for kws01, Cortex-M4",
            "Kernels and executor, and the whole firmware with protocol, start-up and drivers, "
            "with `--optimize speed`, as usual, and `--optimize size`.",
            [
                *("optimized for", "kernels and executor", "target", "firmware"),
                *("TFLM's library", "instructions"),
            ],
            rows,
        )

    def _scaling(self) -> Table:
        title = "A MobileNet of growing width and resolution, Cortex-M4"
        rows, found = [], {}
        for width, side in dict.fromkeys((*_WIDER, *_LARGER)):
            graph = mobilenet(width, side)
            self._tell(f"MobileNet {width:g}, {side}")
            spent, total = measure(graph, "mps2-an386")["per_inference"], sum(macs(graph))
            found[width, side] = total, spent
            rows.append(
                [f"{width:g}", str(side), f"{total:,}", f"{spent:,}", f"{spent / total:.3f}"]
            )
        wider = [(f"{width:g}", *found[width, side]) for width, side in _WIDER]
        larger = [(f"{side}", *found[width, side]) for width, side in _LARGER]
        return Table(
            title,
            "Random weights, hardly any of them dead; layers are rectified.",
            ["width", "resolution", "MACs", "instructions", "per MAC"],
            rows,
            scaling(
                "A MobileNet on a Cortex-M4",
                (
                    Series(f"width grows, {_WIDER[0][1]}×{_WIDER[0][1]} pixels", wider, False),
                    Series(f"resolution grows, width {_LARGER[0][0]:g}", larger, True),
                ),
            ),
        )


def _number(value: int | None) -> str:
    return f"{value:,}" if value else "–"


def _ratio(ours: int, theirs: int | None) -> str:
    return f"{ours / theirs:.2f}" if theirs else "–"
