# SPDX-License-Identifier: Apache-2.0
"""SignalFilterBankLog: scaled logarithms of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal, bits32

SEGMENTS = 128
LOG_2 = 45426  # Q16


class SignalFilterBankLog(Signal):
    """The reference is FilterbankLog (signal/src/filter_bank_log.cc, log.cc)."""

    name = "CUSTOM:SignalFilterBankLog"
    kernel = "signal_filter_bank_log"
    types = ("uint32", "int16")

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        table, word = _table().astype(np.int64), 0xFFFFFFFF
        x = (values[0].astype(np.int64) << self._shift(site)) & word
        whole = bits32(np.maximum(x, 1)) - 1
        above = x - (np.int64(1) << whole)
        part = np.where(
            whole < 16, above << np.maximum(16 - whole, 0), above >> np.maximum(whole - 16, 0)
        )
        part = np.maximum(part, 0)
        segment = part >> 9
        slope = (table[segment + 1] - table[segment]) * (part & 0x1FF) >> 16
        log2 = ((whole << 16) + part + table[segment] + slope) & word
        log = ((log2 * LOG_2 + (1 << 15)) >> 16) & word
        scaled = ((log * self._scale(site) + (1 << 15)) & word) >> 16
        return [np.where(x > 1, np.minimum(scaled, 32767), 0).astype(np.int16)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        params = {
            "count": site.output.size,
            "shift": self._shift(site),
            "scale": self._scale(site),
        }
        return params, {"table": _table()}

    @staticmethod
    def _shift(site: Site) -> int:
        return option(site, "input_correction_bits", 0, 31)

    @staticmethod
    def _scale(site: Site) -> int:
        return option(site, "output_scale", 0, (1 << 31) - 1)


def _table() -> Array:
    """log2(1 + x) − x at x = k / 128 in Q16, and a 0 behind: uint16 [130]."""
    x = np.arange(SEGMENTS + 1) / SEGMENTS
    return np.append(np.round(65536 * (np.log2(1 + x) - x)), 0).astype(np.uint16)
