# SPDX-License-Identifier: Apache-2.0
"""How close int8 models come to float: this quantizer beside the TFLite converter's own models.

    python -m tests.quant_bench [MODEL …] [--seeds 0,1] [--set NAME=VALUE …]
    python -m tests.quant_bench [MODEL …] [--seeds 0,1] --outlier [--pairs N]

Needs the models and data in ../shared. Seed 0 calibrates on the first 100 samples and evaluates on
the others; further seeds draw the 100 at random. Both models run on TFLite's reference kernels over
the same samples; intervals (95 %) are of a paired bootstrap over samples. For ad01, which has no
classes, the column KL holds the mean relative error of the anomaly score in percent.

--outlier tells what a sample that is ten times too large does: one of the 100, another each time,
beside the same 100 as they are. The interval is of a bootstrap over pairs."""

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
TIMES, PAIRS = 10, 4  # how much an outlier is amplified, and how many are tried for a seed
HEADS = ["model", "seed", "quantizer", "agreement %", "KL 1e-4", "SQNR dB", "seconds"]
OUTLIER_HEADS = ["model", "seed", "KL 1e-4", "with an outlier", "worse by %", "each by %"]


def main() -> int:
    """Print the table; 1 when ../shared is absent."""
    parser = argparse.ArgumentParser(description="quantizers side by side")
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--set", action="append", default=[], help="NAME=VALUE of Settings (JSON)")
    parser.add_argument("--outlier", action="store_true", help="what an amplified sample does")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="amplified samples for each seed")
    args = parser.parse_args()
    shared, ui, rows = ROOT.parent / "shared", Ui(), []
    if not shared.is_dir():
        ui.say("This needs the models and data in ../shared.", style="red")
        return 1
    options = {k: json.loads(v) for k, v in (s.split("=", 1) for s in args.set)}
    jobs = [(m, int(s)) for m in args.models for s in args.seeds.split(",")]
    with ui.progress("Quantizing") as advance:
        for i, (name, seed) in enumerate(jobs):
            case = Case(shared, name, seed)
            if args.outlier:
                rows.append([name, str(seed), *compared(hurt(case, options, args.pairs))])
            else:
                rows += measured(case, options)
            advance((i + 1) / len(jobs), name)
    if args.outlier:
        ui.table(rows, OUTLIER_HEADS, "  rrr")
    else:
        ui.table(rows, HEADS, "      r")
    return 0


class Case:
    """A model, samples that calibrate it, and others with the float model's outputs."""

    def __init__(self, shared: Path, name: str, seed: int) -> None:
        file, scale, offset, peer = MODELS[name]
        found = np.load(shared / "data" / f"{file}.npz")
        x = found["x" if "x" in found else "img"].astype(np.float32) / np.float32(scale)
        x += np.float32(offset)
        order = np.random.default_rng(seed).permutation(len(x)) if seed else np.arange(len(x))
        self.name, self.seed = name, seed
        self.calibration, self.fresh = x[order[:CALIBRATION]], x[order[CALIBRATION:]]
        self.graph, self.peer = (
            prepare.fold_constants(tflite.read_file(shared / path))
            for path in (f"models/float/{name}_float.tflite", f"baselines/peer_ptq/{peer}.tflite")
        )
        self._wanted = run_float(head(self.graph), self.fresh)

    def figures(self, model: Graph) -> Figures:
        """Of an int8 model, on the samples that did not calibrate."""
        end = head(model)
        got = evaluate.from_output(end.tensors[end.outputs[0]], oracle(end, self.fresh)[0])
        return Figures(got, self._wanted, self.fresh)


def measured(case: Case, options: dict[str, Any]) -> list[list[str]]:
    """Rows of the table for one model and choice of samples."""
    begun = time.monotonic()
    made = quantize(case.graph, case.calibration, **options).graph
    seconds = time.monotonic() - begun
    ours, others = case.figures(made), case.figures(case.peer)
    first = [case.name, str(case.seed)]
    return [
        [*first, "edgeinfer", *ours.cells(), f"{seconds:.0f}"],
        [*first, "TFLite converter", *others.cells(), ""],
        [*first, "difference", *ours.against(others), ""],
    ]


def hurt(case: Case, options: dict[str, Any], count: int) -> list[tuple[float, float]]:
    """KL without and with an amplified sample, for `count` of the samples one after the other.

    Each pair of runs has a seed of the quantizer's own: what chance does is in both means."""

    def lost(x: Array, seed: int) -> float:
        made = quantize(case.graph, x, **{**options, "seed": seed}).graph
        return float(case.figures(made).lost.mean())

    rows = np.random.default_rng(case.seed).choice(CALIBRATION, count, replace=False)
    found = []
    for seed, row in enumerate(rows):
        x = case.calibration.copy()
        x[row] *= TIMES
        found.append((lost(case.calibration, seed), lost(x, seed)))
    return found


def compared(pairs: list[tuple[float, float]]) -> list[str]:
    """Mean KL without and with amplified samples, and by how much the latter is larger."""
    found = np.array(pairs)
    clean, given = found.mean(0)
    drawn = found[np.random.default_rng(0).integers(0, len(found), (DRAWS, len(found)))].mean(1)
    worse = interval(100 * (given / clean - 1), 100 * (drawn[:, 1] / drawn[:, 0] - 1))
    each = ", ".join(f"{100 * (b / a - 1):+.0f}" for a, b in pairs)
    return [f"{clean:.2f}", f"{given:.2f}", worse, each]


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
