# SPDX-License-Identifier: Apache-2.0
"""SignalWindow: samples times a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Rows, Site
from edgeinfer.ops.custom import option
from edgeinfer.ops.signal import Signal, vector


class SignalWindow(Signal):
    """The reference is ApplyWindow (signal/src/window.cc)."""

    name = "CUSTOM:SignalWindow"
    kernel = "signal_window"
    types = ("int16", "int16")

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        products = values[0].astype(np.int64) * values[1] >> option(site, "shift", 0, 31)
        return [np.clip(products, -32768, 32767).astype(np.int16)]

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        row = site.input(0).shape[-1]
        return {"row": row, "shift": option(site, "shift", 0, 31)}, {
            "window": vector(site, 1, "int16", row)
        }

    def pack(self, site: Site) -> list[Call]:
        (call,) = super().pack(site)
        size = 2 * call.params["row"]
        rows = site.output.nbytes // size
        reads = (Rows(size, rows),)
        return [replace(call, rows=rows, inplace=(0,), reads=reads, row_bytes=size)]
