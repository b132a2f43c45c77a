# SPDX-License-Identifier: Apache-2.0
"""SignalFilterBank: energies of bins into channels that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal, vector


class SignalFilterBank(Signal):
    """The reference is FilterbankAccumulateChannels (signal/src/filter_bank.cc)."""

    name = "CUSTOM:SignalFilterBank"
    kernel = "signal_filter_bank"
    types = ("uint32", "uint64")

    def shape(self, site: Site) -> tuple[int, ...]:
        return (option(site, "num_channels", 1, 32766),)

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        weights, unweights, starts, taps, widths = self._tables(site)
        energy = values[0].astype(np.uint64)
        sums, carried = [], np.uint64(0)
        for start, tap, width in zip(starts, taps, widths, strict=True):
            part = energy[start : start + width]
            own = weights[tap : tap + width].astype(np.int64).astype(np.uint64)
            next_ = unweights[tap : tap + width].astype(np.int64).astype(np.uint64)
            sums.append(carried + (own * part).sum(dtype=np.uint64))
            carried = (next_ * part).sum(dtype=np.uint64)
        return [np.array(sums[1:], np.uint64)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        names = ("weights", "unweights", "starts", "taps_starts", "widths")
        tables = self._tables(site)
        params = {
            "channels": site.output.size,
            "bins": site.input(0).size,
            "taps": tables[0].size,
        }
        return params, dict(zip(names, tables, strict=True))

    @staticmethod
    def _tables(site: Site) -> list[Array]:
        count = option(site, "num_channels", 1, 32766) + 1
        tables = [vector(site, i, "int16") for i in (1, 2)]
        tables += [vector(site, i, "int16", count) for i in (3, 4, 5)]
        weights, unweights, starts, taps, widths = (t.astype(np.int64) for t in tables)
        fits = weights.size == unweights.size and min(starts.min(), taps.min(), widths.min()) >= 0
        if not fits or (starts + widths).max() > site.input(0).size:
            raise ModelError(f"{site.where}: its channels leave the bins.", "Convert it again.")
        if (taps + widths).max() > weights.size:
            raise ModelError(f"{site.where}: its channels leave the weights.", "Convert it again.")
        return tables
