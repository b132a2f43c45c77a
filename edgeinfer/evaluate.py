# SPDX-License-Identifier: Apache-2.0
"""How good a quantized model is: top-1, agreement with the float model, SQNR, KL divergence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeinfer.errors import DataError
from edgeinfer.fixed_point import round_away
from edgeinfer.graph import Array, Graph, Tensor

Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
LEAST = 1 / 512  # half of a step of int8 probabilities: what a probability of 0 may have been


@dataclass(frozen=True)
class Report:
    """The figures of one evaluation; None where labels or a reference are missing."""

    n: int  # samples
    top1: float | None = None  # percent of samples whose largest output is the label
    top1_interval: tuple[float, float] | None = None  # percent, 95 %, Wilson
    agreement: float | None = None  # percent of samples with the float model's largest output
    sqnr_db: float | None = None  # of outputs without their sample's mean; infinite if equal
    kl: float | None = None  # mean Kullback-Leibler divergence from the float model, in nats

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; infinity becomes None, which JSON has no other word for."""
        data = asdict(self)
        if self.sqnr_db is not None and not math.isfinite(self.sqnr_db):
            data["sqnr_db"] = None
        return data


def evaluate(
    run: Callable[[Array], Array],
    samples: Array,
    labels: Array | None = None,
    reference: Array | None = None,
    *,
    batch: int = 32,
    logits: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run a model over samples [n, …] and compare its outputs [n, …] in real numbers.

    `run` takes a batch of samples; `labels` are [n] class numbers, `reference` the float model's
    outputs. KL is taken if the reference are probabilities, or of their softmax if `logits`.
    Raises DataError if there are no samples or the numbers do not match."""
    if not len(samples):
        raise DataError("There are no samples to evaluate.", "Give a file with samples.")
    outputs: list[Array] = []
    for start in range(0, len(samples), batch):
        outputs.append(np.asarray(run(samples[start : start + batch])))
        if progress is not None:
            progress(min(start + batch, len(samples)), len(samples))
    return compare(np.concatenate(outputs), labels, reference, logits=logits)


def compare(
    outputs: Array, labels: Array | None, reference: Array | None, *, logits: bool = False
) -> Report:
    """The figures of outputs that are there already: as `evaluate`."""
    got = _rows(outputs)
    for what, other in (("labels", labels), ("reference outputs", reference)):
        if other is not None and len(other) != len(got):
            raise DataError(f"{len(other)} {what} for {len(got)} outputs.", "Use the same samples.")
    report = Report(len(got))
    if labels is not None:
        if labels.min(initial=0) < 0 or labels.max(initial=0) >= got.shape[1]:
            raise DataError(
                f"A label lies outside of the model's {got.shape[1]} classes.",
                "Check that labels and model belong together.",
            )
        hits = int((got.argmax(1) == labels).sum())
        report = replace(report, top1=100 * hits / len(got), top1_interval=wilson(hits, len(got)))
    if reference is None:
        return report
    want = _rows(reference)
    if want.shape != got.shape:
        raise DataError(
            f"The outputs have {got.shape[1]} values, the reference has {want.shape[1]}.",
            "Compare with the float model that the quantized one was made from.",
        )
    kl = None
    if logits:
        kl = divergence(_softmax(want), _softmax(got))
    elif _probabilities(want):
        kl = divergence(want, got)
    agreement = 100 * float((got.argmax(1) == want.argmax(1)).mean())
    return replace(report, agreement=agreement, sqnr_db=sqnr(want, got), kl=kl)


def sqnr(want: Floats, got: Floats) -> float:
    """10 · log10(Σ want² / Σ (want − got)²) in dB, each row [n, k] freed of its mean if k > 1."""
    if want.shape[1] > 1:
        want, got = (x - x.mean(1, keepdims=True) for x in (want, got))
    noise, signal = float(((want - got) ** 2).sum()), float((want**2).sum())
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def divergence(want: Floats, got: Floats) -> float:
    """Mean of Σ p · ln(p / q) over rows of probabilities p (want) and q (got): [n, k], nats.

    A q below half a step of int8 probabilities, 1/512, counts as p if p is below that too, and as
    1/512 if not."""
    q = np.where(got < LEAST, np.minimum(np.maximum(got, want), LEAST), got)
    q = q / q.sum(1, keepdims=True)
    p = np.maximum(want, 1e-30)
    return float((p * np.log(p / np.maximum(q, 1e-30))).sum(1).mean())


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's score interval (95 %) of a share, in percent. E. B. Wilson, JASA 22 (1927) 209."""
    share, z2 = hits / count, Z95 * Z95
    centre = share + z2 / (2 * count)
    half = Z95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    low, high = ((centre + sign * half) / (1 + z2 / count) for sign in (-1, 1))
    return 100 * max(low, 0.0), 100 * min(high, 1.0)


def before_softmax(graph: Graph) -> Graph | None:
    """The graph that ends with the input of its final SOFTMAX, or None if it has no such end.

    Logits tell models apart where probabilities, rounded to 1/256, no longer do."""
    makers = graph.producers()
    end = graph.outputs[0] if len(graph.outputs) == 1 else -1
    while end in makers and graph.nodes[makers[end]].op in ("DEQUANTIZE", "RESHAPE"):
        end = graph.nodes[makers[end]].inputs[0]
    if end not in makers or graph.nodes[makers[end]].op != "SOFTMAX":
        return None
    last = makers[end]
    return replace(
        graph, nodes=graph.nodes[:last], outputs=graph.nodes[last].inputs[:1], signatures=()
    )


def to_input(tensor: Tensor, x: Array) -> Array:
    """Real samples [n, …] as a model's input takes them; arrays of its type pass unchanged.

    round(x / scale) + zero point in float32, halves away from zero, clamped, as AffineQuantize in
    TFLite (kernels/internal/reference/quantize.h). Raises DataError for NaN."""
    if x.dtype == tensor.dtype:
        return x
    real = x.astype(np.float32)
    if np.isnan(real).any():
        raise DataError("The samples hold NaN.", "Remove or repair them.")
    if tensor.dtype.kind == "f":
        return real.astype(tensor.dtype)
    scaled = round_away(real / np.float32(tensor.scale)).astype(np.float64) + tensor.zero_point
    limits = np.iinfo(tensor.dtype)
    return np.clip(scaled, limits.min, limits.max).astype(tensor.dtype)


def from_output(tensor: Tensor, q: Array) -> npt.NDArray[np.float32]:
    """A model's outputs as real numbers: scale · (q − zero point), float32 of the same shape."""
    if q.dtype.kind == "f" or tensor.quant is None:
        return q.astype(np.float32)
    centred = (q.astype(np.int32) - tensor.zero_point).astype(np.float32)
    return np.asarray(np.float32(tensor.scale) * centred, np.float32)


def _rows(x: Array) -> Floats:
    return np.asarray(x, np.float64).reshape(len(x), -1)


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float64)


def _probabilities(x: Floats) -> bool:
    """Whether rows are probabilities of two or more classes."""
    sums = x.sum(1)
    return x.shape[1] > 1 and bool((x >= -1e-6).all() and (np.abs(sums - 1) < 1e-2).all())
