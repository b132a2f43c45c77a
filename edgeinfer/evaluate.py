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
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.numerics.fixed_point import round_away

Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
DRAWS = 1000  # of a bootstrap
_AFTER = ("DEQUANTIZE", "QUANTIZE", "RESHAPE")  # of a final SOFTMAX: the same numbers still
LEAST = 1 / 512  # half of a step of int8 probabilities: what a probability of 0 may have been


@dataclass(frozen=True)
class Report:
    """The figures of one evaluation; None where labels or a reference are missing."""

    n: int  # samples
    top1: float | None = None  # percent of samples whose largest output is the label
    top1_interval: tuple[float, float] | None = None  # percent, 95 %, Wilson
    agreement: float | None = None  # percent of samples with the float model's largest output
    agreement_interval: tuple[float, float] | None = None  # percent, 95 %, Wilson
    sqnr_db: float | None = None  # of outputs without their sample's mean; infinite if equal
    sqnr_interval: tuple[float, float] | None = None  # 95 %, bootstrap; None if not finite
    kl: float | None = None  # mean Kullback-Leibler divergence from the float model, in nats
    kl_interval: tuple[float, float] | None = None  # 95 %, bootstrap
    confusion: tuple[tuple[int, int, int], ...] | None = None  # label, largest output, samples

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
        top1, interval = _share(got.argmax(1) == labels)
        report = replace(report, top1=top1, top1_interval=interval)
        if got.shape[1] > 1:
            report = replace(report, confusion=confusion(labels, got.argmax(1)))
    if reference is None:
        return report
    want = _rows(reference)
    if want.shape != got.shape:
        raise DataError(
            f"The outputs have {got.shape[1]} values, the reference has {want.shape[1]}.",
            "Compare with the float model that the quantized one was made from.",
        )
    agreement, interval = _share(got.argmax(1) == want.argmax(1))
    signal, noise = _powers(want, got)
    report = replace(
        report,
        agreement=agreement,
        agreement_interval=interval,
        sqnr_db=sqnr(want, got),
        sqnr_interval=bootstrap(len(got), lambda rows: _ratio(signal[rows], noise[rows])),
    )
    if logits:
        want, got = _softmax(want), _softmax(got)
    elif not _probabilities(want):
        return report
    each = _divergences(want, got)
    kl_interval = bootstrap(len(got), lambda rows: each[rows].mean(-1))
    return replace(report, kl=float(each.mean()), kl_interval=kl_interval)


def sqnr(want: Floats, got: Floats) -> float:
    """10 · log10(Σ want² / Σ (want − got)²) in dB, each row [n, k] freed of its mean if k > 1."""
    return float(_ratio(*_powers(want, got)))


def confusion(labels: Array, chosen: Array) -> tuple[tuple[int, int, int], ...]:
    """How many samples have a label and a choice, for the pairs that there are."""
    pairs, counts = np.unique(np.stack([labels, chosen], 1), axis=0, return_counts=True)
    return tuple((int(a), int(b), int(n)) for (a, b), n in zip(pairs, counts, strict=True))


def bootstrap(count: int, figure: Callable[[Array], Floats]) -> tuple[float, float] | None:
    """The interval (95 %) of a figure of `count` samples, by percentiles of a bootstrap.

    `figure` takes indices [draws, count] and gives [draws]. None if the interval is not finite."""
    rows = np.random.default_rng(0).integers(0, count, (DRAWS, count))
    with np.errstate(all="ignore"):
        low, high = np.percentile(figure(rows), (2.5, 97.5))
    return (float(low), float(high)) if np.isfinite((low, high)).all() else None


def divergence(want: Floats, got: Floats) -> float:
    """Mean of Σ p · ln(p / q) over rows of probabilities p (want) and q (got): [n, k], nats.

    A q below half a step of int8 probabilities, 1/512, counts as p if p is below that too, and as
    1/512 if not."""
    return float(_divergences(want, got).mean())


def _divergences(want: Floats, got: Floats) -> Floats:
    q = np.where(got < LEAST, np.minimum(np.maximum(got, want), LEAST), got)
    q = q / q.sum(1, keepdims=True)
    p = np.maximum(want, 1e-30)
    return np.asarray((p * np.log(p / np.maximum(q, 1e-30))).sum(1))


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
    while end in makers and graph.nodes[makers[end]].op in _AFTER:
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


def _share(hits: Array) -> tuple[float, tuple[float, float]]:
    """Percent of what is true, and its interval."""
    count = int(hits.sum())
    return 100 * count / len(hits), wilson(count, len(hits))


def _powers(want: Floats, got: Floats) -> tuple[Floats, Floats]:
    """Signal and noise of each row."""
    if want.shape[1] > 1:
        want, got = (x - x.mean(1, keepdims=True) for x in (want, got))
    return (want**2).sum(1), ((want - got) ** 2).sum(1)


def _ratio(signal: Floats, noise: Floats) -> Floats:
    """dB of sums over the last axis: infinite without noise, and below zero without signal."""
    signal, noise = signal.sum(-1), noise.sum(-1)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(noise == 0, math.inf, 10 * np.log10(signal / noise)))


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float64)


def _probabilities(x: Floats) -> bool:
    """Whether rows are probabilities of two or more classes."""
    sums = x.sum(1)
    return x.shape[1] > 1 and bool((x >= -1e-6).all() and (np.abs(sums - 1) < 1e-2).all())
