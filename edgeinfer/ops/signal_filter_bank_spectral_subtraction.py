# SPDX-License-Identifier: Apache-2.0
"""SignalFilterBankSpectralSubtraction: channels without their noise, and the noise's estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array, Tensor
from edgeinfer.ops.base import Ref, Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal

WORD = (1 << 31) - 1


class SignalFilterBankSpectralSubtraction(Signal):
    """The reference is FilterbankSpectralSubtraction (signal/src)."""

    name = "CUSTOM:SignalFilterBankSpectralSubtraction"
    kernel = "signal_filter_bank_spectral_subtraction"
    types = ("uint32", "uint32", "uint32")
    pure = False

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        return (site.input(0).shape, site.input(0).shape)

    def hidden(self, site: Site) -> tuple[Tensor, ...]:
        name = f"{site.output.name}/noise"
        return (Tensor(name, site.input(0).shape, np.dtype(np.uint32), is_variable=True),)

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        p, _ = self.params(site)
        x, old = values[0].astype(np.uint64), values[1].astype(np.uint64)
        odd = np.arange(x.size).reshape(x.shape) & 1
        smoothing, keeping = (np.array(p[n], np.uint64)[odd] for n in ("smoothing", "keeping"))
        scaled = (x << np.uint64(p["extra"])) & np.uint64(0xFFFFFFFF)
        bits = np.uint64(p["bits"])
        estimate = ((scaled * smoothing + old * keeping) >> bits) & np.uint64(0xFFFFFFFF)
        noise = np.minimum(estimate, scaled)
        estimate = noise if p["clamping"] else estimate
        least = (x * np.uint64(p["least"]) >> bits) & np.uint64(0xFFFFFFFF)
        rest = np.maximum((scaled - noise) >> np.uint64(p["extra"]), least)
        made = estimate.astype(np.uint32)
        return [rest.astype(np.uint32), made, made]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        return {
            "count": site.output.size,
            "smoothing": [option(site, f"{p}smoothing", 0, WORD) for p in ("", "alternate_")],
            "keeping": [
                option(site, f"{p}one_minus_smoothing", 0, WORD) for p in ("", "alternate_")
            ],
            "least": option(site, "min_signal_remaining", 0, WORD),
            "bits": option(site, "spectral_subtraction_bits", 0, 31),
            "extra": option(site, "smoothing_bits", 0, 31),
            "clamping": option(site, "clamping", 0, 1),
        }, {}

    def outputs(self, site: Site) -> dict[str, Ref]:
        return {"shown": site.out_ref(position=1)}

    def state(self, site: Site) -> dict[str, Ref]:
        return {"estimate": site.in_ref(1)}
