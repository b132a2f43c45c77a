# SPDX-License-Identifier: Apache-2.0
"""What TFLite Micro's audio operators share: no scales, and state.

The references are in its folder signal/src, the types in signal/micro/kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import bit_length
from edgeinfer.ops.base import Call, Op, Ref, Site


class Signal(Op):
    """An audio operator with one kernel call."""

    kernel = ""
    types: tuple[str, ...] = ()  # of the inputs that are not constants, then of the outputs
    inputs = 1  # that are not constants

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        given = [v for v in values if v is not None]
        with np.errstate(over="ignore"):
            return self.results(site, given)

    def results(self, site: Site, values: Sequence[Array]) -> list[Array]:
        """All outputs, then the new values of hidden state."""
        raise NotImplementedError

    def params(self, site: Site) -> tuple[dict[str, Any], dict[str, Array]]:
        """The kernel's parameters, and those that are arrays of the image."""
        raise NotImplementedError

    def outputs(self, site: Site) -> dict[str, Ref]:
        """Outputs beyond the first, by the names of their parameters."""
        return {}

    def state(self, site: Site) -> dict[str, Ref]:
        """Hidden state, by the names of its parameters."""
        return {}

    def pack(self, site: Site) -> list[Call]:
        read = [site.input(i) for i in range(self.inputs)]
        found = tuple(t.dtype.name for t in (*read, *site.outputs))
        if found != self.types:
            raise site.unsupported(f"{', '.join(found)} instead of {', '.join(self.types)}")
        params, consts = self.params(site)
        state = self.state(site)
        return [
            Call(
                self.kernel,
                params,
                tuple(site.in_ref(i) for i in range(self.inputs)),
                site.out_ref(),
                consts=consts,
                more_in=state,
                more_out={**state, **self.outputs(site)},
            )
        ]


def require_size(site: Site, position: int, size: int) -> None:
    """Raises ModelError for an input of another size."""
    shape = site.input(position).shape
    if site.input(position).size != size:
        raise ModelError(
            f"{site.where}: input {position} has the shape {shape}.",
            f"It must have {size} elements.",
        )


def bits32(x: Array) -> Array:
    """How many bits each number takes; 32 for 0, as MostSignificantBit32 (signal/src/msb_32.cc)."""
    return np.where(x == 0, 32, bit_length(x))


def vector(site: Site, position: int, dtype: str, size: int | None = None) -> Array:
    """A constant of this type and size. Raises ModelError or UnsupportedError."""
    data = site.const(position).reshape(-1)
    if data.dtype != dtype or (size is not None and data.size != size):
        raise ModelError(
            f"{site.where}: input {position} is {data.dtype} [{data.size}].",
            f"It must be {dtype}" + (f" [{size}]." if size is not None else "."),
        )
    return data
