# SPDX-License-Identifier: Apache-2.0
"""How close int8 models come to float: this quantizer beside the TFLite converter's own models.

    python -m tests.quant_bench [MODEL …] [--seeds 0,1] [--set NAME=VALUE …]

Needs the models and data in ../shared. Seed 0 calibrates on the first 100 samples and evaluates on
the others; further seeds draw the 100 at random. Both models run on TFLite's reference kernels over
the same samples; intervals (95 %) are of a paired bootstrap over samples. For ad01, which has no
classes, the column KL holds the mean relative error of the anomaly score in percent."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import evaluate, tflite
from edgeinfer.cli.ui import Ui
from edgeinfer.graph import Array, Graph
from edgeinfer.quantize import prepare, quantize
from tests.conftest import ROOT
from tests.quantize.networks import oracle, run_float

MODELS = {  # name → data, scale and offset of the input, the converter's model
    "kws01": ("kws01", 1.0, 0.0, "kws_tfl8"),
    "vww01": ("vww01_u8", 255.0, 0.0, "vww_tfl8"),
    "ic01": ("ic01_u8", 1.0, 0.0, "ic_tfl8"),
    "ad01": ("ad01", 1.0, 0.0, "ad_tfl8"),
    "mobilenet_v1_025_128": ("patches128_u8", 127.5, -1.0, "mobilenet_v1_025_128_tfl8"),
}
CALIBRATION, DRAWS = 100, 2000
HEADS = ["model", "seed", "quantizer", "agreement %", "KL 1e-4", "SQNR dB", "seconds"]


def main() -> int:
    """Print the table; 1 when ../shared is absent."""
    parser = argparse.ArgumentParser(description="quantizers side by side")
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE of Settings (JSON)")
    args = parser.parse_args()
    shared, ui, rows = ROOT.parent / "shared", Ui(), []
    if not shared.is_dir():
        ui.say("This needs the models and data in ../shared.", style="red")
        return 1
    options = {k: json.loads(v) for k, v in (s.split("=", 1) for s in args.set)}
    jobs = [(m, int(s)) for m in args.models for s in args.seeds.split(",")]
    with ui.progress("Quantizing") as advance:
        for i, (name, seed) in enumerate(jobs):
            rows += measured(shared, name, seed, options)
            advance((i + 1) / len(jobs), name)
    ui.table(rows, HEADS, "      r")
    return 0


def measured(shared: Path, name: str, seed: int, options: dict[str, Any]) -> list[list[str]]:
    """Rows of the table for one model and choice of samples."""
    file, scale, offset, peer = MODELS[name]
    found = np.load(shared / "data" / f"{file}.npz")
    x = found["x" if "x" in found else "img"].astype(np.float32) / np.float32(scale)
    x += np.float32(offset)
    order = np.random.default_rng(seed).permutation(len(x)) if seed else np.arange(len(x))
    calibration, fresh = x[order[:CALIBRATION]], x[order[CALIBRATION:]]
    graph = prepare.fold_constants(
        tflite.read_file(shared / "models" / "float" / f"{name}_float.tflite")
    )
    wanted = run_float(head(graph), fresh)
    begun = time.monotonic()
    made = quantize(graph, calibration, **options).graph
    seconds = time.monotonic() - begun
    theirs = prepare.fold_constants(
        tflite.read_file(shared / "baselines" / "peer_ptq" / f"{peer}.tflite")
    )
    outputs = {}
    for who, model in (("edgeinfer", made), ("TFLite converter", theirs)):
        end = head(model)
        outputs[who] = evaluate.from_output(end.tensors[end.outputs[0]], oracle(end, fresh)[0])
    rows = []
    figures = {who: Figures(got, wanted, fresh) for who, got in outputs.items()}
    for who, own in figures.items():
        took = f"{seconds:.0f}" if who == "edgeinfer" else ""
        rows.append([name, str(seed), who, *own.cells(), took])
    ours, others = figures.values()
    rows.append([name, str(seed), "difference", *ours.against(others), ""])
    return rows


def head(graph: Graph) -> Graph:
    """The graph up to its logits."""
    return evaluate.before_softmax(graph) or graph


class Figures:
    """Per-sample figures of one model's outputs, and their means over resampled samples."""

    def __init__(self, got: Array, wanted: Array, inputs: Array) -> None:
        n = len(got)
        p, q = (y.reshape(n, -1).astype(np.float64) for y in (wanted, got))
        self.regression = p.shape[1:] == inputs.reshape(n, -1).shape[1:]  # an autoencoder
        self.agree = 100.0 * (p.argmax(1) == q.argmax(1))
        if self.regression:
            rows = inputs.reshape(n, -1)
            score = [((y - rows) ** 2).mean(1) for y in (p, q)]
            self.lost = 100 * np.abs(score[1] - score[0]) / score[0]
        else:
            p, q = p - p.mean(1, keepdims=True), q - q.mean(1, keepdims=True)
            self.lost = 1e4 * np.array(
                [
                    evaluate.compare(b, None, a, logits=True).kl
                    for a, b in zip(p[:, None], q[:, None], strict=True)
                ]
            )
        self.signal, self.noise = (p**2).sum(1), ((p - q) ** 2).sum(1)
        self.draws = np.random.default_rng(0).integers(0, n, (DRAWS, n))

    def sqnr(self, rows: Array) -> Array:
        """dB over samples [..., n]."""
        return np.asarray(10 * np.log10(self.signal[rows].sum(-1) / self.noise[rows].sum(-1)))

    def cells(self) -> list[str]:
        """Agreement, KL (the score's error in percent for an autoencoder) and SQNR."""
        every, d = np.arange(len(self.lost)), self.draws
        agree = "" if self.regression else interval(self.agree.mean(), self.agree[d].mean(1))
        lost = interval(self.lost.mean(), self.lost[d].mean(1), 2 if self.regression else 1)
        return [agree, lost, interval(float(self.sqnr(every)), self.sqnr(d))]

    def against(self, other: Figures) -> list[str]:
        """The differences to another model's on the same samples."""
        every, d = np.arange(len(self.lost)), self.draws
        agree, lost = self.agree - other.agree, self.lost - other.lost
        return [
            "" if self.regression else interval(agree.mean(), agree[d].mean(1)),
            interval(lost.mean(), lost[d].mean(1), 2 if self.regression else 1),
            interval(float(self.sqnr(every) - other.sqnr(every)), self.sqnr(d) - other.sqnr(d)),
        ]


def interval(value: float, draws: Array, digits: int = 1) -> str:
    """A figure and the middle 95 % of its resampled values."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    sys.exit(main())
