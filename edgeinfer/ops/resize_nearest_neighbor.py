# SPDX-License-Identifier: Apache-2.0
"""RESIZE_NEAREST_NEIGHBOR: each output pixel is the nearest of the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.graph import Array
from edgeinfer.ops.base import Call, Site
from edgeinfer.ops.resize import Resize


class ResizeNearestNeighbor(Resize):
    """The reference is ResizeNearestNeighbor (kernels/internal/reference/)."""

    name = "RESIZE_NEAREST_NEIGHBOR"

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        assert values[0] is not None
        rows, columns = self._nearest(site, 1), self._nearest(site, 2)
        return [values[0][:, rows][:, :, columns]]

    def pack(self, site: Site) -> list[Call]:
        x, y = site.input(0), site.output
        if x.dtype != y.dtype:
            raise site.unsupported(f"an output of type {y.dtype}")
        params = {
            "batch": x.shape[0],
            "in_h": x.shape[1],
            "in_w": x.shape[2],
            "out_h": y.shape[1],
            "out_w": y.shape[2],
            "pixel": x.shape[3] * x.dtype.itemsize,
        }
        consts = {"rows": self._nearest(site, 1), "columns": self._nearest(site, 2)}
        return [Call("resize_nearest", params, (site.in_ref(0),), site.out_ref(), consts=consts)]

    @staticmethod
    def _nearest(site: Site, axis: int) -> Array:
        """The input index for each output index: GetNearestNeighbor in TFLite, in float32."""
        size, count = site.input(0).shape[axis], site.output.shape[axis]
        corners, half = (
            site.option("align_corners", False),
            site.option("half_pixel_centers", False),
        )
        scale = np.float32(size) / np.float32(count)
        if corners and count > 1:
            scale = np.float32(size - 1) / np.float32(count - 1)
        at = (np.arange(count, dtype=np.float32) + np.float32(0.5 if half else 0)) * scale
        index = np.floor(at + np.float32(0.5)) if corners else np.floor(at)
        return np.asarray(np.clip(index, 0, size - 1), np.uint16)
