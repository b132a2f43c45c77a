# SPDX-License-Identifier: Apache-2.0
"""SignalRfft: the Fourier transform of real samples, int16 pairs of real and imaginary parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, wrap
from edgeinfer.ops.base import Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal

Complex = tuple[Ints, Ints]


class SignalRfft(Signal):
    """The reference is KISS FFT with 16-bit fixed point (kiss_fft.c, tools/kiss_fftr.c)."""

    name = "CUSTOM:SignalRfft"
    kernel = "signal_rfft"
    types = ("int16", "int16")

    def shape(self, site: Site) -> tuple[int, ...]:
        return (*site.input(0).shape[:-1], self._length(site) + 2)

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        length = self._length(site)
        x = np.zeros(length, np.int64)
        x[: values[0].size] = values[0].reshape(-1)
        n = length // 2
        radices = _radices(n)
        order = _origins(n, radices)
        data: Complex = (x[0::2][order], x[1::2][order])
        twiddles = _split16(_twiddles(n))
        m = 1
        for radix in reversed(radices):
            data = _stage(data, twiddles, radix, m)
            m *= radix
        out = np.empty((n + 1, 2), np.int64)
        dc = _divided((data[0][0], data[1][0]), 2)
        out[0] = _wrap(dc[0] + dc[1]), 0
        out[n] = _wrap(dc[0] - dc[1]), 0
        k = np.arange(1, n // 2 + 1)
        a = _divided((data[0][k], data[1][k]), 2)
        b = _divided((data[0][n - k], _wrap(-data[1][n - k])), 2)
        total, turned = _plus(a, b), _times(_minus(a, b), _split16(_splitters(n)))
        out[k] = np.stack([(total[0] + turned[0]) >> 1, (total[1] + turned[1]) >> 1], 1)
        out[n - k] = np.stack([(total[0] - turned[0]) >> 1, (turned[1] - total[1]) >> 1], 1)
        return [_wrap(out).astype(np.int16).reshape(site.output.shape)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        length, count = self._length(site), site.input(0).size
        if count > length or site.input(0).shape[-1:] != (count,):
            raise site.unsupported(f"{site.input(0).shape} samples for a length of {length}")
        params = {"length": length, "count": count}
        return params, {"twiddles": _twiddles(length // 2), "split": _splitters(length // 2)}

    @staticmethod
    def _length(site: Site) -> int:
        length = option(site, "fft_length", 4, 32768)
        if length & (length - 1):
            raise site.unsupported(f"a transform of {length} samples, no power of two")
        return length


def _twiddles(n: int) -> Array:
    """e^(−2πi k / n) for k < n: int16 [n, 2]."""
    return _rotations(-2 * np.pi * np.arange(n) / n)


def _splitters(n: int) -> Array:
    """e^(−πi ((k + 1) / n + 1/2)) for k < n / 2: int16 [n / 2, 2]."""
    return _rotations(-np.pi * ((np.arange(n // 2) + 1) / n + 0.5))


def _rotations(phase: Array) -> Array:
    both = np.stack([np.cos(phase), np.sin(phase)], 1)
    return np.asarray(np.floor(0.5 + 32767 * both).astype(np.int16))


def _radices(n: int) -> list[int]:
    """Fours as long as they divide, then a two."""
    found = []
    while n > 1:
        found.append(4 if n % 4 == 0 else 2)
        n //= found[-1]
    return found


def _origins(n: int, radices: list[int]) -> Ints:
    """Which input comes first, second, …: digits in reverse order."""
    order = np.zeros(1, np.int64)
    stride = 1
    for radix in radices:
        order = (order[:, None] + stride * np.arange(radix)).reshape(-1)
        stride *= radix
    return order


def _stage(data: Complex, twiddles: Complex, radix: int, m: int) -> Complex:
    """The butterflies of one stage on blocks of radix · m numbers."""
    n = data[0].size
    stride = n // (radix * m)
    blocks = [part.reshape(stride, radix, m) for part in data]
    terms = []
    for q in range(radix):
        part = _divided((blocks[0][:, q], blocks[1][:, q]), radix)
        index = q * stride * np.arange(m)
        terms.append(part if q == 0 else _times(part, (twiddles[0][index], twiddles[1][index])))
    if radix == 2:
        made = [_plus(terms[0], terms[1]), _minus(terms[0], terms[1])]
    else:
        a, b, c, d = terms
        even, total, both, odd = _minus(a, c), _plus(a, c), _plus(b, d), _minus(b, d)
        made = [
            _plus(total, both),
            (_wrap(even[0] + odd[1]), _wrap(even[1] - odd[0])),
            _minus(total, both),
            (_wrap(even[0] - odd[1]), _wrap(even[1] + odd[0])),
        ]
    return (
        np.stack([r for r, _ in made], 1).reshape(-1),
        np.stack([i for _, i in made], 1).reshape(-1),
    )


def _wrap(x: Ints) -> Ints:
    return wrap(x, 16)


def _rounded(x: Ints) -> Ints:
    """Q30 to Q15, in 32 bits."""
    return _wrap(wrap(x + (1 << 14)) >> 15)


def _times(a: Complex, b: Complex) -> Complex:
    return _rounded(a[0] * b[0] - a[1] * b[1]), _rounded(a[0] * b[1] + a[1] * b[0])


def _divided(a: Complex, n: int) -> Complex:
    return _rounded(a[0] * (32767 // n)), _rounded(a[1] * (32767 // n))


def _plus(a: Complex, b: Complex) -> Complex:
    return _wrap(a[0] + b[0]), _wrap(a[1] + b[1])


def _minus(a: Complex, b: Complex) -> Complex:
    return _wrap(a[0] - b[0]), _wrap(a[1] - b[1])


def _split16(pairs: Array) -> Complex:
    wide = pairs.astype(np.int64)
    return wide[:, 0], wide[:, 1]
