# SPDX-License-Identifier: Apache-2.0
"""SignalEnergy: the squared magnitudes of a spectrum's bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal


class SignalEnergy(Signal):
    """The reference is SpectrumToEnergy (signal/src/energy.cc), which leaves the other bins."""

    name = "CUSTOM:SignalEnergy"
    kernel = "signal_energy"
    types = ("int16", "uint32")

    def shape(self, site: Site) -> tuple[int, ...]:
        shape = site.input(0).shape
        return (*shape[:-1], shape[-1] // 2)

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        pairs = values[0].astype(np.int64).reshape(-1, 2)
        energy = (pairs**2).sum(1)
        first, last = self._range(site)
        energy[:first] = 0
        energy[last:] = 0
        return [energy.astype(np.uint32).reshape(site.output.shape)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        first, last = self._range(site)
        return {"count": site.output.size, "first": first, "last": last}, {}

    @staticmethod
    def _range(site: Site) -> tuple[int, int]:
        size = site.output.size
        return option(site, "start_index", 0, size), option(site, "end_index", 0, size)
