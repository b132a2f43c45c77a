# SPDX-License-Identifier: Apache-2.0
"""SignalFftAutoScale: samples as large as int16 lets them be, and by how many bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Ref, Site
from edgeinfer.ops.signal import Signal, bits32


class SignalFftAutoScale(Signal):
    """The reference is FftAutoScale (signal/src/fft_auto_scale.cc)."""

    name = "CUSTOM:SignalFftAutoScale"
    kernel = "signal_fft_auto_scale"
    types = ("int16", "int16", "int32")

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        return (site.input(0).shape, ())

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        x = values[0].astype(np.int64)
        most = np.maximum(x, np.where(x == -32768, 0, -x)).max()
        shift = max(0, 15 - int(bits32(most)))
        return [(x << shift).astype(np.int16), np.array(shift, np.int32)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        return {"count": site.output.size}, {}

    def outputs(self, site: Site) -> dict[str, Ref]:
        return {"shift": site.out_ref(position=1)}
