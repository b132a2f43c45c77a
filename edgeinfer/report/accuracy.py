# SPDX-License-Identifier: Apache-2.0
"""The report of `quantize` and `eval` as a page in one file, made of their JSON data and a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import edgeinfer
from edgeinfer.plan import Plan
from edgeinfer.report import charts
from edgeinfer.report.memory_map import MemoryMap
from edgeinfer.report.page import page
from edgeinfer.report.picture import Picture
from edgeinfer.report.plot import memory
from edgeinfer.report.svg import quoted, svg

WIDE, NARROW = 1280, 370  # pixels of a picture on a desktop and a phone
MATRIX, MATRIX_WIDTH = 40, 640  # classes at most, to be told apart in a matrix, and its pixels
MISTAKES = 12  # else so many are listed
Result = Mapping[str, Any]


def accuracy(result: Result, plan: Plan | None) -> bytes:
    """The page; sections whose figures are absent are left out.

    `result` is the command's JSON data."""
    name = Path(result.get("output", result["model"])).name
    samples = f"{result['n']:,} samples"
    if "calibration_samples" in result:
        samples += f", {result['calibration_samples']:,} of them calibrated it"
    beside = " beside the float model" if result["sqnr_db"] is not None or result["exact"] else ""
    sections = (
        ("", cards(result)),
        ("Error by layer", layers(result)),
        ("Values and ranges", histograms(result)),
        ("Confusion matrix", matrix(result)),
        ("Memory", memory(MemoryMap(plan)) if plan else ""),
        ("Size", sizes(result)),
        ("How it was made", settings(result)),
    )
    body = "\n".join(
        f"<section>{f'<h2>{head}</h2>' if head else ''}\n{text}\n</section>"
        for head, text in sections
        if text
    )
    return page(f"{name}{beside}", f"on {samples}", body).encode()


def both(draw: Callable[[float], Picture]) -> str:
    """A picture for wide and for narrow screens."""
    return "\n".join(
        f'<div class="{kind}">{svg(draw(width), live=True)}</div>'
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    )


def cards(result: Result) -> str:
    """The figures with their intervals."""
    found: list[tuple[str, str, str]] = []

    def add(head: str, name: str, form: str, unit: str, interval: str, more: str = "") -> None:
        if result.get(name) is None:
            return
        between = result.get(interval)
        words = f"95 %: {between[0]:{form}} to {between[1]:{form}}" if between else ""
        found.append(
            (head, f"{result[name]:{form}} {unit}", ", ".join(filter(None, (words, more))))
        )

    beside = result.get("float_top1")
    add("top-1", "top1", ".2f", "%", "top1_interval", f"float {beside:.2f} %" if beside else "")
    if result["top1"] is not None or result["kl"] is not None:
        add("agreement with float", "agreement", ".2f", "%", "agreement_interval")
    add("SQNR of the output", "sqnr_db", ".1f", "dB", "sqnr_interval")
    if result["exact"]:
        found.append(("SQNR of the output", "infinite", "no difference"))
    add("KL divergence", "kl", ".2g", "nats", "kl_interval")
    add("image in flash", "image_bytes", ",", "B", "")
    add("arena in RAM", "arena_bytes", ",", "B", "")
    return '<div class="cards">' + "".join(card(*each) for each in found) + "</div>"


def card(head: str, value: str, more: str = "") -> str:
    """One figure, for a `div` of class "cards"."""
    return (
        f"<div><span>{quoted(head)}</span><b>{quoted(value)}</b><span>{quoted(more)}</span></div>"
    )


def layers(result: Result) -> str:
    """Bars and a table of the layers."""
    rows = result.get("layers")
    if not rows:
        return ""
    note = (
        f"SQNR of each layer's output on {result['layer_samples']:,} samples, errors of the layers "
        "before it included."
    )
    if any(row["rescaled"] for row in rows):
        note += " Equalized channels are compared in the scales of the float model."
    body = "\n".join(
        row(
            (quoted(charts.name_of(x)).replace("_", "_<wbr>"), ""),
            (quoted(x["name"]), "less"),
            (charts.decibels(x["sqnr_db"], x["exact"]), "number"),
            (f"{x['range_used']:.0f} %", "number"),
            (charts.percent(x["saturated"]), "number"),
            (", ".join(f"{c['channel']} ({c['noise']:.0f} %)" for c in x["worst"]), "less"),
            key=charts.key_of(x),
        )
        for x in rows
    )
    head = row(
        ("layer", ""),
        ("output", "less"),
        ("SQNR", "number"),
        ("range used", "number"),
        ("saturated", "number"),
        ("worst channels (part of the noise)", "less"),
        cell="th",
    )
    picture = both(lambda width: charts.errors(rows, width))
    return f"<p>{note}</p>\n{picture}\n<table>\n{head}\n{body}\n</table>"


def histograms(result: Result) -> str:
    """A histogram of each layer, those that move values only left out."""
    drawn: list[Result] = []
    for layer in result.get("layers", ()):
        if not any(
            layer["histogram"] == x["histogram"] and layer["range"] == x["range"] for x in drawn
        ):
            drawn.append(layer)
    if not drawn:
        return ""
    boxes = "\n".join(
        f"<figure><figcaption>{quoted(charts.name_of(x))}<br><span>{quoted(x['name'])}</span>"
        f"</figcaption>{svg(charts.histogram(x), live=True)}</figure>"
        for x in drawn
    )
    note = (
        "Float values of each layer, heights by the square root of their number; "
        "the lines are the chosen range, values beyond it are red."
    )
    return f'<p>{note}</p>\n<div class="grid">{boxes}</div>'


def matrix(result: Result) -> str:
    """The confusion matrix, or the most frequent mistakes among many classes."""
    pairs: Sequence[Sequence[int]] = result.get("confusion") or ()
    if not pairs:
        return ""
    if len({c for pair in pairs for c in pair[:2]}) <= MATRIX:
        picture = both(lambda width: charts.confusion(pairs, min(width, MATRIX_WIDTH)))
        return f'<div style="max-width: {MATRIX_WIDTH}px">{picture}</div>'
    wrong = sorted((p for p in pairs if p[0] != p[1]), key=lambda p: -p[2])[:MISTAKES]
    rows = "\n".join(row(*((f"{n:,}", "number") for n in pair)) for pair in wrong)
    head = row(*((text, "number") for text in ("label", "output", "samples")), cell="th")
    return f"<p>The most frequent mistakes.</p>\n<table>{head}\n{rows}\n</table>"


def sizes(result: Result) -> str:
    """Files before and after."""
    names = (
        ("float .tflite", "float_bytes"),
        ("int8 .tflite", "model_bytes"),
        ("image in flash", "image_bytes"),
    )
    rows = [
        (head, float(result[name]), f"{result[name]:,} B", "", "")
        for head, name in names
        if result.get(name)
    ]
    return both(lambda width: charts.bars("Sizes", rows, width)) if len(rows) > 1 else ""


def settings(result: Result) -> str:
    """The recipe's settings, and warnings."""
    warnings = "".join(f"<p>Warning: {quoted(text)}</p>\n" for text in result.get("warnings", ()))
    rows = [
        row((quoted(name), ""), (quoted(str(value)), ""))
        for name, value in _facts(result)
        if value is not None
    ]
    return warnings + "\n".join(("<table>", *rows, "</table>"))


def _facts(result: Result) -> Iterator[tuple[str, Any]]:
    yield "made from", result["model"] if "output" in result else result.get("reference")
    yield "run on", result.get("on")
    yield "edgeinfer", edgeinfer.__version__
    for name, value in result.get("settings", {}).items():
        if isinstance(value, list):
            yield name, ", ".join(value) or "none"
        else:
            yield name, ("no", "yes")[value] if isinstance(value, bool) else value


def row(*cells: tuple[str, str], key: str = "", cell: str = "td") -> str:
    """A row of a table: each cell's HTML, and its class."""
    inside = "".join(f'<{cell} class="{kind}">{text}</{cell}>' for text, kind in cells)
    return f'<tr data-key="{quoted(key)}">{inside}</tr>' if key else f"<tr>{inside}</tr>"
