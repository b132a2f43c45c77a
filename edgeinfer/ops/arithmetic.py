# SPDX-License-Identifier: Apache-2.0
"""Element-wise operations of two tensors of any type, with broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops import wide
from edgeinfer.ops.activation import clip, int8_range, real_range
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.binary import Binary
from edgeinfer.ops.broadcast import dtype_code, walk

CODES = {
    "ADD": 0, "SUB": 1, "MUL": 2, "DIV": 3, "MAXIMUM": 4, "MINIMUM": 5, "SQUARED_DIFFERENCE": 6,
    "FLOOR_DIV": 7, "FLOOR_MOD": 8, "EQUAL": 9, "NOT_EQUAL": 10, "LESS": 11, "LESS_EQUAL": 12,
    "GREATER": 13, "GREATER_EQUAL": 14, "LOGICAL_AND": 15, "LOGICAL_OR": 16, "PRELU": 17,
}  # fmt: skip
"""enum ei_binary in csrc/kernels/broadcast.h"""
WIDE = ("ADD", "SUB", "MUL")
"""as the kernel `binary_16` numbers them"""
FIELDS_16 = ("mult", "shift", "out_mult", "out_shift", "act_min", "act_max")
"""of the kernel `binary_16`, whose zero points are 0"""


class Arithmetic(Binary):
    """An operation that the kernels `binary_int` and `binary_float` have under this name.

    An operator that computes with scales overrides `quantized` and `scaled_params`."""

    wide_too = False  # whether the kernel `binary_scaled` has it for int16

    def plain(self, site: Site, a: Array, b: Array) -> Array:
        """The operation on int64 or float32 arrays."""
        raise NotImplementedError

    def scaled_params(self, site: Site) -> Mapping[str, Any]:
        """Fields of ei_binary_scaled_params besides the walk and the operation."""
        raise site.unsupported(f"type {site.input(0).dtype}")

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        a, b = values[0], values[1]
        assert a is not None and b is not None
        with np.errstate(all="ignore"):
            if a.dtype == np.float32:
                result = self.plain(site, a, b)
                return clip(site, result) if result.dtype == np.float32 else result
            wide = self.plain(site, a.astype(np.int64), b.astype(np.int64))
            made = wide.astype(site.output.dtype)
            low, high = (int(v) if np.isfinite(v) else None for v in real_range(site))
            return made if low is high is None else np.clip(made, low, high)

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        return self.float_(site, values)

    def scaled(self, site: Site) -> bool:
        """Whether the operation computes with the scales of int8 or int16 inputs.

        Raises UnsupportedError for scales of another type."""
        x = site.input(0)
        own = type(self).scaled_params is not Arithmetic.scaled_params
        if wide.is_wide(site) and (self.name in WIDE or self.wide_too):
            return True
        if own and x.dtype in (np.int16, np.uint8) and x.quant is not None:
            raise site.unsupported(f"type {x.dtype} with scales")
        return own and x.dtype == np.int8

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        use = self.quantized if self.scaled(site) else self.float_
        return [use(site, values)]

    def pack(self, site: Site) -> list[Call]:
        if site.input(0).dtype != site.input(1).dtype:
            raise site.unsupported(f"types {site.input(0).dtype} and {site.input(1).dtype}")
        self._check_types(site)
        steps = walk(site, (0, 1))
        params: dict[str, Any] = {"walk": steps, "op": CODES[self.name]}
        if self.scaled(site) and wide.is_wide(site) and self.name in WIDE:
            kernel, found = "binary_16", self.scaled_params(site)
            params = {"dims": steps["dims"], "stride": steps["stride"][:2]}
            params |= {"op": WIDE.index(self.name)}
            params |= {name: found[name] for name in FIELDS_16 if name in found}
        elif self.scaled(site):
            kernel = "binary_scaled"
            params |= {"type": dtype_code(site, 0), "out_type": dtype_code(site)}
            params |= self.scaled_params(site)
        elif site.input(0).dtype == np.float32:
            kernel, (low, high) = "binary_float", real_range(site)
            params |= {"act_min": low, "act_max": high}
        else:
            kernel, (low, high) = "binary_int", int32_range(site)
            params |= {"in_type": dtype_code(site, 0), "out_type": dtype_code(site)}
            params |= {"act_min": low, "act_max": high}
        same = [p for p in (0, 1) if site.input(p).shape == site.output.shape]
        inplace = tuple(p for p in same if site.input(p).dtype == site.output.dtype)
        refs = (site.in_ref(0), site.in_ref(1))
        rows = steps["dims"][0] if kernel == "binary_16" else 1
        return [Call(kernel, params, refs, site.out_ref(), rows, inplace=inplace)]

    def _check_types(self, site: Site) -> None:
        wanted = np.dtype(np.bool_) if 9 <= CODES[self.name] <= 16 else site.input(0).dtype
        if site.output.dtype != wanted:
            raise site.unsupported(f"an output of type {site.output.dtype}")


def int32_range(site: Site) -> tuple[int, int]:
    """The fused activation's range in plain integers; the limits of int32 stand for none."""
    info, (low, high) = np.iinfo(np.int32), real_range(site)
    return (info.min if low == -np.inf else int(low)), (info.max if high == np.inf else int(high))


def quantized_params(site: Site, **changes: Any) -> dict[str, Any]:
    """The fields of ei_binary_scaled_params that most operations set alike."""
    low, high = int8_range(site)
    return {
        "zero": [site.input(0).zero_point, site.input(1).zero_point],
        "out_zero": site.output.zero_point,
        "act_min": low,
        "act_max": high,
        **changes,
    }
