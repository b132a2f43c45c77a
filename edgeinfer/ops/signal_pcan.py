# SPDX-License-Identifier: Apache-2.0
"""SignalPCAN: automatic gain of each channel by its noise (per-channel amplitude normalization)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import wrap
from edgeinfer.ops.base import Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal, bits32, require_size, vector

SNR_BITS, OUT_BITS = 12, 6
TABLE = 125


class SignalPcan(Signal):
    """The reference is ApplyPcanAutoGainControlFixed (signal/src/pcan_argc_fixed.cc)."""

    name = "CUSTOM:SignalPCAN"
    kernel = "signal_pcan"
    types = ("uint32", "uint32", "uint32")
    inputs = 2

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        gain = _gain(values[1].astype(np.int64), self._table(site).astype(np.int64))
        product = values[0].astype(np.uint64) * (gain.astype(np.uint64) & np.uint64(0xFFFFFFFF))
        snr = (product >> np.uint64(option(site, "snr_shift", 0, 63))) & np.uint64(0xFFFFFFFF)
        square = (snr * snr & np.uint64(0xFFFFFFFF)) >> np.uint64(2 + 2 * SNR_BITS - OUT_BITS)
        less = (snr >> np.uint64(SNR_BITS - OUT_BITS)) - np.uint64(1 << OUT_BITS)
        return [np.where(snr < 2 << SNR_BITS, square, less).astype(np.uint32)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        require_size(site, 1, site.output.size)
        params = {"count": site.output.size, "shift": option(site, "snr_shift", 0, 63)}
        return params, {"table": self._table(site)}

    @staticmethod
    def _table(site: Site) -> Array:
        return vector(site, 2, "int16", TABLE)


def _gain(x: Array, table: Array) -> Array:
    """WideDynamicFunction: a parabola for each power of two, int16."""
    bits = bits32(np.maximum(x, 3))
    at = 4 * bits - 6
    part = np.where(bits < 11, x << np.maximum(11 - bits, 0), x >> np.maximum(bits - 11, 0)) & 0x3FF
    slope = (table[at + 2] * part >> 5) + table[at + 1] * 32
    result = (wrap(slope * part + (1 << 14)) >> 15) + table[at]
    return np.where(x <= 2, table[np.clip(x, 0, 2)], wrap(result, 16))
