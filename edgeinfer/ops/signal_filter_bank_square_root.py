# SPDX-License-Identifier: Apache-2.0
"""SignalFilterBankSquareRoot: square roots of channels, shifted by a second input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.signal import Signal, require_size


class SignalFilterBankSquareRoot(Signal):
    """The reference is FilterbankSqrt (signal/src/filter_bank_square_root.cc)."""

    name = "CUSTOM:SignalFilterBankSquareRoot"
    kernel = "signal_filter_bank_square_root"
    types = ("uint64", "int32", "uint32")
    inputs = 2

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        shift = int(values[1].reshape(-1)[0]) & 31
        roots = [_rounded_root(int(x)) >> shift for x in values[0].reshape(-1)]
        return [np.array(roots, np.uint32).reshape(values[0].shape)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        require_size(site, 1, 1)
        return {"count": site.output.size}, {}


def _rounded_root(x: int) -> int:
    """Sqrt64, which takes Sqrt32 with its 16-bit result for numbers of 32 bits."""
    root = math.isqrt(x)
    most = 0xFFFF if x >> 32 == 0 else 0xFFFFFFFF
    return root + (x - root * root > root and root != most)
