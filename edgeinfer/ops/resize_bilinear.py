# SPDX-License-Identifier: Apache-2.0
"""RESIZE_BILINEAR: each output pixel is a mean of four of the input, weighted by nearness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.native import DTYPES
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.broadcast import dtype_code
from edgeinfer.ops.resize import Resize

ONE = 1 << 10
EI_UINT8 = DTYPES.index("uint8")  # to the kernel: uint8 less 128, in float32


class ResizeBilinear(Resize):
    """For int8 and int16 ResizeBilinearInteger, for float32 and uint8 ResizeBilinear.

    Both are in kernels/internal/reference/resize_bilinear.h."""

    name = "RESIZE_BILINEAR"

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        return self._real(site, values[0], 0.0)

    def _real(self, site: Site, x: Array, more: float) -> Array:
        """The weighted sums in float32, to which TFLite adds `more` before it cuts them off."""
        parts = [self._around_float(site, axis) for axis in (1, 2)]
        (y0, y1, dy), (x0, x1, dx) = parts
        dy, dx = dy[:, None, None], dx[:, None]
        one = np.float32(1)
        sides = [x[:, rows][:, :, columns] for columns in (x0, x1) for rows in (y0, y1)]
        total = sides[0] * (one - dy) * (one - dx) + sides[1] * dy * (one - dx)
        total = total + sides[2] * (one - dy) * dx + sides[3] * dy * dx
        return np.asarray(total + np.float32(more))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        assert values[0] is not None
        if site.option("uint8"):  # of such a model, less 128 (edgeinfer/unsigned.py)
            real = self._real(site, values[0].astype(np.float32) + np.float32(128), 0.5)
            return np.asarray(real.astype(np.int32) - 128, np.int8)
        sums = self._weighted(site, values[0].astype(np.int64))
        rounded = np.abs(sums) + ONE * ONE // 2
        return np.asarray(np.where(sums > 0, 1, -1) * (rounded // (ONE * ONE)), site.output.dtype)

    def pack(self, site: Site) -> list[Call]:
        x, y = site.input(0).shape, site.output.shape
        dtype = site.input(0).dtype
        if dtype != site.output.dtype or dtype not in (np.int8, np.int16, np.float32):
            raise site.unsupported(f"type {dtype}")
        params = {
            "batch": x[0],
            "channels": x[3],
            "in": x[1:3],
            "out": y[1:3],
            "scale": [self._scale(site, axis) for axis in (1, 2)],
            "float_scale": [float(self._float_scale(site, axis)) for axis in (1, 2)],
            "type": EI_UINT8 if site.option("uint8") else dtype_code(site),
            "half_pixel_centers": int(bool(site.option("half_pixel_centers", False))),
        }
        return [Call("resize_bilinear", params, (site.in_ref(0),), site.out_ref())]

    def _weighted(self, site: Site, x: Array) -> Array:
        """The weighted sums, in Q20."""
        for axis in (1, 2):
            low, high, far = self._around(site, axis)
            far = far.reshape([-1 if d == axis else 1 for d in range(4)])
            x = x.take(low, axis) * (ONE - far) + x.take(high, axis) * far
        return x

    def _around(self, site: Site, axis: int) -> tuple[Array, Array, Array]:
        """The two input indices and the latter's weight in Q10, for each output index."""
        scale, size = self._scale(site, axis), site.input(0).shape[axis]
        at = np.arange(site.output.shape[axis], dtype=np.int64) * scale
        if site.option("half_pixel_centers", False):
            at += scale // 2 - ONE // 2
        low = np.maximum(np.trunc(at / ONE).astype(np.int64), 0)
        high = np.minimum(np.trunc((at + ONE - 1) / ONE).astype(np.int64), size - 1)
        return low, high, at - ONE * low

    def _around_float(self, site: Site, axis: int) -> tuple[Array, Array, Array]:
        """The same in float32."""
        scale, size = self._float_scale(site, axis), site.input(0).shape[axis]
        at = np.arange(site.output.shape[axis], dtype=np.float32)
        if site.option("half_pixel_centers", False):
            at = (at + np.float32(0.5)) * scale - np.float32(0.5)
        else:
            at = at * scale
        low = np.clip(np.floor(at).astype(np.int64), 0, size - 1)
        high = np.minimum(np.ceil(at).astype(np.int64), size - 1)
        return low, high, at - low.astype(np.float32)

    @staticmethod
    def _float_scale(site: Site, axis: int) -> np.float32:
        size, count = site.input(0).shape[axis], site.output.shape[axis]
        if site.option("align_corners", False) and count > 1:
            return np.float32(size - 1) / np.float32(count - 1)
        return np.float32(size) / np.float32(count)

    @staticmethod
    def _scale(site: Site, axis: int) -> int:
        size, count = site.input(0).shape[axis], site.output.shape[axis]
        if site.option("align_corners", False) and count > 1:
            return (ONE * (size - 1) + (count - 1) // 2) // (count - 1)
        return (ONE * size + count // 2) // count
