# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of one int8 tensor: a table of 256 results, made on the PC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Op, Rows, Site
from edgeinfer.ops.float_unary import float_call


class Table(Op):
    """An operator whose int8 output depends on one input byte only."""

    float_code = ""  # of the kernel `unary_float`, where float32 has one

    def shape(self, site: Site) -> tuple[int, ...]:
        return site.input(0).shape

    def results(self, site: Site, q: Array) -> Array:
        """The int8 results (as integers in −128..127) for int64 inputs."""
        raise NotImplementedError

    def table(self, site: Site) -> Array:
        """Results for the inputs −128..127: int8 [256].

        The option `table`, which no file has, goes before: the optimizer joins tables to one."""
        joined = site.option("table", None)
        if joined is not None:
            return np.asarray(joined, np.int8)
        return self.results(site, np.arange(-128, 128, dtype=np.int64)).astype(np.int8)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return np.asarray(self.table(site)[values[0].astype(np.int64) + 128])

    def float_call(self, site: Site) -> Call:
        """The kernel call for float32."""
        return float_call(site, self.float_code)

    def pack(self, site: Site) -> list[Call]:
        if self.float_code and site.input(0).dtype == np.float32:
            return [self.float_call(site)]
        site.require_int8(0)
        return [lut(site, self.table(site))]


def lut(site: Site, table: Array) -> Call:
    """The call that looks bytes up, in rows if the tensor is one image."""
    shape = site.output.shape
    rows = shape[1] if len(shape) == 4 and shape[0] == 1 else 1
    row = site.output.size // rows
    return Call(
        "lut",
        {"row": row},
        (site.in_ref(0),),
        site.out_ref(),
        rows,
        consts={"table": table},
        inplace=(0,),
        reads=(Rows(row, rows),),
        row_bytes=row,
    )
