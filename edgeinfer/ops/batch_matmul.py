# SPDX-License-Identifier: Apache-2.0
"""BATCH_MATMUL: x [..., m, k] times y [..., k, n]; adj_x and adj_y say that they are transposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, multipliers, requantize, wrap
from edgeinfer.ops import wide
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.broadcast import DIMS, dtype_code
from edgeinfer.ops.fully_connected import FullyConnected
from edgeinfer.ops.moves import dummy

_BYTE = np.dtype(np.int8)


class BatchMatmul(Op):
    """The reference is BatchMatMul (kernels/internal/reference/batch_matmul.h)."""

    name = "BATCH_MATMUL"

    def shape(self, site: Site) -> tuple[int, ...]:
        x, y = (dummy(site.input(p).shape, _BYTE) for p in (0, 1))
        if min(x.ndim, y.ndim) < 2:
            raise ModelError(
                f"{site.where}: shapes {x.shape} and {y.shape} are no matrices.",
                "Convert the model again: it is damaged.",
            )
        x, y = _plain(site, x, y)
        if x.shape[-1] != y.shape[-2]:
            raise ModelError(
                f"{site.where}: matrices of {x.shape[-2:]} and {y.shape[-2:]} have no product.",
                "Convert the model again: it is damaged.",
            )
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        return (*batch, x.shape[-2], y.shape[-1])

    def macs(self, site: Site) -> int:
        return site.output.size * site.input(0).shape[-2 if site.option("adj_x") else -1]

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, y = values[:2]
        assert x is not None and y is not None
        x, y = _plain(site, x, y)
        shape = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
        total = np.zeros(shape, np.float32)
        for k in range(x.shape[-1]):  # TFLite adds in this order
            total += x[..., :, k, None] * y[..., None, k, :]
        return total

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, y = values[:2]
        assert x is not None and y is not None
        zeros = self._zeros(site)
        x, y = _plain(site, x.astype(np.float64) - zeros[0], y.astype(np.float64) - zeros[1])
        sums = (x @ y).astype(np.int64)
        mult, shift = self._multiplier(site)
        if site.output.dtype == np.int16:
            q = wide.requantize_wide(sums, mult, shift)
        else:
            q = requantize(wrap(sums), mult, shift) + zeros[2]
        limits = np.iinfo(site.output.dtype)
        return np.clip(q, limits.min, limits.max).astype(site.output.dtype)

    def pack(self, site: Site) -> list[Call]:
        if (dense := _dense(site)) is not None:
            return FullyConnected().pack(dense)
        kind = site.output.dtype
        params: dict[str, Any] = {"type": dtype_code(site), "walk": _walk(site)}
        if kind not in (np.int8, np.int16, np.float32):
            raise site.unsupported(f"type {kind}")
        if {site.input(0).dtype, site.input(1).dtype} != {kind}:
            raise site.unsupported(f"{site.input(0).dtype} times {site.input(1).dtype}")
        if kind != np.float32:
            mult, shift = self._multiplier(site)
            if kind == np.int16:
                wide.check_shifts(site, shift)
            params |= {"mult": int(mult[0]), "shift": int(shift[0]), "zero": self._zeros(site)}
        return [Call("batch_matmul", params, (site.in_ref(0), site.in_ref(1)), site.out_ref())]

    @staticmethod
    def _zeros(site: Site) -> list[int]:
        """The zero points of both inputs and the output."""
        wide.is_wide(site)  # or it is refused
        tensors = (site.input(0), site.input(1), site.output)
        if any(t.quant is not None and t.quant.per_channel for t in tensors):
            raise site.unsupported("several scales of one matrix")
        return [t.zero_point for t in tensors]

    @staticmethod
    def _multiplier(site: Site) -> tuple[Ints, Ints]:
        """One multiplier and shift; TFLite multiplies the scales in float32."""
        product = np.float32(site.input(0).scale) * np.float32(site.input(1).scale)
        return multipliers(np.array([float(product) / site.output.scale]))


def _plain(site: Site, x: Array, y: Array) -> tuple[Array, Array]:
    """Views of the matrices as [..., m, k] and [..., k, n]."""
    x = x.swapaxes(-1, -2) if site.option("adj_x") else x
    y = y.swapaxes(-1, -2) if site.option("adj_y") else y
    return x, y


def _walk(site: Site) -> dict[str, Any]:
    """The fields of ei_broadcast: dimensions of the output and k, and the inputs' strides."""
    x, y = _plain(site, *(dummy(site.input(p).shape, _BYTE) for p in (0, 1)))
    shape = (*site.output.shape, x.shape[-1])
    if len(shape) > DIMS:
        raise site.unsupported(f"{len(shape) - 1} dimensions")
    before = (1,) * (DIMS - len(shape))
    x, y = x[..., :, None, :], y.swapaxes(-1, -2)[..., None, :, :]
    views = [np.broadcast_to(v, (*before, *shape)) for v in (x, y)]
    return {"dims": views[0].shape, "stride": [*(v.strides for v in views), (0,) * DIMS]}


def _dense(site: Site) -> Site | None:
    """The FULLY_CONNECTED that computes the same, if y is a constant matrix of weights."""
    x, y = site.input(0), site.input(1)
    if y.data is None or y.quant is None or site.option("adj_x") or y.dtype != np.int8:
        return None
    if y.quant.per_channel or y.zero_point or y.size != y.shape[-1] * y.shape[-2]:
        return None
    matrix = y.data.reshape(y.shape[-2:])
    weights = matrix if site.option("adj_y") else np.ascontiguousarray(matrix.T)
    tensor = replace(y, data=weights, shape=weights.shape)
    node = replace(site.node, op=FullyConnected.name, options={"keep_num_dims": True})
    return replace(site, node=node, inputs=(x, tensor))
