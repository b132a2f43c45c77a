# SPDX-License-Identifier: Apache-2.0
"""A benchmark as a page in one file, and its layers as TFLM's profiler writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import edgeinfer
from edgeinfer.inspection import short_name
from edgeinfer.report import charts
from edgeinfer.report.accuracy import both, card, row
from edgeinfer.report.page import page
from edgeinfer.report.svg import quoted

Result = Mapping[str, Any]


def events(result: Result) -> str:
    """The layers as CSV, as MicroProfiler::LogCsv writes them (tensorflow/lite/micro).

    A tag is the layer's operator, or its name where no operator is known."""
    text = io.StringIO()
    text.write('"Event","Tag","Ticks"\n')
    csv.writer(text, lineterminator="\n").writerows(
        (i, layer["op"] or layer["name"], layer["ticks"])
        for i, layer in enumerate(result["layers"])
    )
    return text.getvalue()


def benchmark(result: Result) -> bytes:
    """The page. `result` is the JSON data of `bench` with layers."""
    unit = result["unit"]
    sections = (
        ("", f'<div class="cards">{"".join(_cards(result))}</div>'),
        (f"{unit} by layer", _chart(result)),
        ("", _table(result)),
        ("How it was measured", _facts(result)),
    )
    body = "\n".join(
        f"<section>{f'<h2>{quoted(head)}</h2>' if head else ''}\n{text}\n</section>"
        for head, text in sections
    )
    title = f"{result['model']} on {result['board']}"
    return page(title, f"{result['per_inference']:,} {unit} per inference", body).encode()


def _cards(result: Result) -> Iterator[str]:
    low, high, runs = (result[name] for name in ("per_inference_min", "per_inference_max", "runs"))
    spread = "every run the same" if low == high else f"{low:,} to {high:,}"
    unit = result["unit"] + (f", {spread}" if runs > 1 else "")
    yield card("per inference", f"{result['per_inference']:,}", unit)
    if result.get("macs"):
        rate = result["macs"] / (result["per_inference"] or 1)
        yield card("multiply-accumulates", f"{result['macs']:,}", f"{rate:.3g} for each tick")
    for core, cycles in result.get("estimated_cycles", {}).items():
        yield card(f"cycles of a {core}", f"{cycles:,}", "estimated")
    for head, name, more in (
        ("arena", "arena_bytes", "RAM"),
        ("stack used", "stack_bytes", "RAM"),
        ("static", "static_ram_bytes", "RAM"),
        ("image", "image_bytes", "flash"),
        ("code", "code_bytes", "flash"),
    ):
        if name in result:
            yield card(head, f"{result[name]:,} B", more)


def _title(i: int, layer: Result) -> str:
    return f"{i} {layer['op'] or layer['name']}"


def _chart(result: Result) -> str:
    """Bars in the order of execution; the longest stands out."""
    rows = [
        (
            _title(i, layer),
            float(layer["ticks"]),
            f"{layer['ticks']:,} ({100 * layer['share']:.1f} %)",
            f"layer {i}",
            f"{_title(i, layer)}\n{layer['name']}\n{layer['ticks']:,} {result['unit']}"
            + (f"\n{layer['macs']:,} MACs" if layer["macs"] else ""),
        )
        for i, layer in enumerate(result["layers"])
    ]
    return both(lambda width: charts.bars("Layers", rows, width, mark=max))


def _table(result: Result) -> str:
    head = row(
        ("layer", ""),
        ("output", "less"),
        ("MACs", "number"),
        (quoted(result["unit"]), "number"),
        ("MACs per tick", "number less"),
        ("share", "number"),
        cell="th",
    )
    body = "\n".join(
        row(
            (quoted(_title(i, layer)).replace("_", "_<wbr>"), ""),
            (quoted(short_name(layer["name"])), "less"),
            (f"{layer['macs']:,}" if layer["macs"] else "", "number"),
            (f"{layer['ticks']:,}", "number"),
            (f"{layer['macs_per_tick']:.3g}" if layer["macs"] else "", "number less"),
            (f"{100 * layer['share']:.1f} %", "number"),
            key=f"layer {i}",
        )
        for i, layer in enumerate(result["layers"])
    )
    return f"<table>\n{head}\n{body}\n</table>"


def _facts(result: Result) -> str:
    what = {
        "instructions": "executed instructions, which an emulator counts; a tick is one of them",
        "cycles": "cycles that the board's processor counts; a tick is one of them",
        "us": "microseconds of the board's clock; a tick is one of them",
    }
    rows = (
        ("board", result["board"]),
        ("unit", what.get(result["unit"], result["unit"])),
        ("runs", f"{result['runs']}; the figure is their median"),
        ("edgeinfer", edgeinfer.__version__),
    )
    lines = [row((quoted(name), ""), (quoted(str(value)), "")) for name, value in rows]
    return "\n".join(("<table>", *lines, "</table>"))
