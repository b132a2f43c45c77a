# SPDX-License-Identifier: Apache-2.0
"""PADV2: PAD with a value of the model's choice."""

from __future__ import annotations

from edgeinfer.graph import Array
from edgeinfer.ops.base import Site
from edgeinfer.ops.pad import Pad


class PadV2(Pad):
    """The reference is PadImpl (kernels/internal/reference/pad.h)."""

    name = "PADV2"

    def ground(self, site: Site) -> Array | None:
        if site.input(2).dtype != site.output.dtype or site.const(2).size != 1:
            raise site.unsupported(f"a padding value of type {site.input(2).dtype}")
        return site.const(2).reshape(())
