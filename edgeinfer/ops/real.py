# SPDX-License-Identifier: Apache-2.0
"""float32: what layers with weights do with it, to the last bit of TFLite's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.activation import real_range
from edgeinfer.ops.base import Site

BLOCK = 4  # filters side by side in csrc/kernels/conv_float.c


def is_real(site: Site) -> bool:
    """Whether the first input is float32."""
    return site.input(0).dtype == np.float32


def check(site: Site) -> None:
    """Raise UnsupportedError unless the layer is of float32 throughout, its weights constant."""
    site.require_float(0)
    for position in (1, 2):
        if site.optional(position) is not None and site.const(position).dtype != np.float32:
            raise site.unsupported(
                f"float32 with constants of type {site.const(position).dtype} "
                f"('{site.input(position).name}')"
            )


def params(site: Site) -> dict[str, Any]:
    """The fused activation's range, as float kernels take it."""
    low, high = real_range(site)
    return {"act_min": low, "act_max": high}


def dot(patches: Array, w: Array) -> Array:
    """Σ w · x for patches [n, oh, ow, kh, kw, i] and w [o, kh, kw, i], in this order of taps."""
    total = np.zeros((*patches.shape[:3], len(w)), np.float32)
    for ky, kx, i in np.ndindex(*w.shape[1:]):
        total += patches[:, :, :, ky, kx, i, None] * w[:, ky, kx, i]
    return total


def blocks(w: Array, group_out: int) -> Array:
    """Filters [o, ...] as conv_float takes them: blocks of a group's filters, side by side."""
    flat = w.reshape(len(w), -1)
    starts = [
        (start, min(start + BLOCK, first + group_out))
        for first in range(0, len(w), group_out)
        for start in range(first, first + group_out, BLOCK)
    ]
    return np.concatenate([flat[start:end].T.reshape(-1) for start, end in starts])
