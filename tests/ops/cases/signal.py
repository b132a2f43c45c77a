# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's audio operators, which tflite-runtime does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from edgeinfer.graph import Array, Graph, Tensor
from tests.ops.cases import common
from tests.ops.cases.common import Rng, case, constant


def model(
    op: str,
    inputs: list[Tensor],
    outputs: list[tuple[tuple[int, ...], str]],
    **options: Any,
) -> Graph:
    made = [Tensor(f"y{i}", s, np.dtype(d)) for i, (s, d) in enumerate(outputs)]
    custom = bytes(flexbuffers.Dumps(options)) if options else b""
    return common.model(f"CUSTOM:Signal{op}", inputs, made, version=1, custom=custom)


def given(shape: tuple[int, ...], dtype: str) -> Tensor:
    return Tensor("x", shape, np.dtype(dtype))


def words(rng: Rng, count: int) -> Array:
    return rng.integers(-32768, 32768, count).astype(np.int16)


@case("CUSTOM:SignalWindow", oracle=False)
def window(rng: Rng) -> Graph:
    rows, n = int(rng.integers(1, 3)), int(rng.integers(1, 50))
    x, w = given((rows, n), "int16"), constant("w", words(rng, n))
    return model("Window", [x, w], [((rows, n), "int16")], shift=int(rng.integers(8, 16)))


@case("CUSTOM:SignalFftAutoScale", oracle=False)
def auto_scale(rng: Rng) -> Graph:
    n = int(rng.integers(1, 50))
    return model("FftAutoScale", [given((n,), "int16")], [((n,), "int16"), ((), "int32")])


@case("CUSTOM:SignalRfft", oracle=False)
def rfft(rng: Rng) -> Graph:
    length = 2 ** int(rng.integers(2, 10))
    n = int(rng.integers(1, length + 1))
    return model("Rfft", [given((n,), "int16")], [((length + 2,), "int16")], T=7, fft_length=length)


@case("CUSTOM:SignalEnergy", oracle=False)
def energy(rng: Rng) -> Graph:
    n = int(rng.integers(1, 30))
    first, last = sorted(int(i) for i in rng.integers(0, n + 1, 2))
    x = given((2 * n,), "int16")
    return model("Energy", [x], [((n,), "uint32")], start_index=first, end_index=last)


@case("CUSTOM:SignalFilterBank", oracle=False)
def filter_bank(rng: Rng) -> Graph:
    channels, bins = int(rng.integers(1, 10)), int(rng.integers(4, 60))
    widths = rng.integers(0, 4, channels + 1)
    starts = rng.integers(0, bins - 3, channels + 1)
    taps = np.cumsum(widths) - widths
    total = int(widths.sum()) + 1
    tables = [words(rng, total), words(rng, total), starts, taps, widths]
    inputs = [given((bins,), "uint32")]
    inputs += [constant(f"t{i}", t.astype(np.int16)) for i, t in enumerate(tables)]
    return model("FilterBank", inputs, [((channels,), "uint64")], num_channels=channels)


@case("CUSTOM:SignalFilterBankSquareRoot", oracle=False)
def square_root(rng: Rng) -> Graph:
    n = int(rng.integers(1, 40))
    x, shift = given((n,), "uint64"), constant("s", np.array(rng.integers(0, 9), np.int32))
    return model("FilterBankSquareRoot", [x, shift], [((n,), "uint32")])


@case("CUSTOM:SignalFilterBankSpectralSubtraction", oracle=False)
def spectral_subtraction(rng: Rng) -> Graph:
    n = int(rng.integers(1, 40))
    smoothing = [int(s) for s in rng.integers(0, 16384, 2)]
    return model(
        "FilterBankSpectralSubtraction",
        [given((n,), "uint32")],
        [((n,), "uint32"), ((n,), "uint32")],
        alternate_one_minus_smoothing=16384 - smoothing[1],
        alternate_smoothing=smoothing[1],
        clamping=bool(rng.integers(0, 2)),
        min_signal_remaining=int(rng.integers(0, 16384)),
        num_channels=n,
        one_minus_smoothing=16384 - smoothing[0],
        smoothing=smoothing[0],
        smoothing_bits=int(rng.integers(0, 11)),
        spectral_subtraction_bits=14,
    )


@case("CUSTOM:SignalPCAN", oracle=False)
def pcan(rng: Rng) -> Graph:
    n = int(rng.integers(1, 40))
    inputs = [given((n,), "uint32"), given((n,), "uint32"), constant("lut", words(rng, 125))]
    return model("PCAN", inputs, [((n,), "uint32")], snr_shift=int(rng.integers(0, 12)))


@case("CUSTOM:SignalFilterBankLog", oracle=False)
def filter_bank_log(rng: Rng) -> Graph:
    n = int(rng.integers(1, 40))
    shift, scale = int(rng.integers(0, 8)), int(rng.choice([64, 1600, 100_000]))
    x = given((n,), "uint32")
    return model(
        "FilterBankLog", [x], [((n,), "int16")], input_correction_bits=shift, output_scale=scale
    )
