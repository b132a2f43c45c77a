# SPDX-License-Identifier: Apache-2.0
"""Images of another size: what both ways of resizing share."""

from __future__ import annotations

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Op, QuantRule, Site


class Resize(Op):
    """Input 1 is the new height and width."""

    rule = QuantRule(same_scale=True)

    def shape(self, site: Site) -> tuple[int, ...]:
        size = [int(n) for n in site.const(1).reshape(-1)]
        shape = site.input(0).shape
        if len(shape) != 4 or len(size) != 2 or min(*size, *shape) < 1:
            raise ModelError(
                f"{site.where}: {shape} cannot be resized to {size}.", "Convert the model again."
            )
        return (shape[0], *size, shape[3])
