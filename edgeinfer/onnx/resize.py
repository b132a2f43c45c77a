# SPDX-License-Identifier: Apache-2.0
"""Other heights and widths."""

from __future__ import annotations

import math

import numpy as np

from edgeinfer.onnx.call import Call
from edgeinfer.onnx.values import Value
from edgeinfer.onnx.windows import windowed


def resize(call: Call) -> Value:
    """Resize and Upsample of height and width, to the nearest (by whole factors) or linear."""
    x = call.value()
    if len(x.shape) != 4:
        raise call.refused(f"a value of shape {x.shape}")
    at = call.attributes
    if call.node.op_type == "Upsample" or call.opset < 11:
        scales = call.needed(1, "scales") if call.has(1) else np.array(at["scales"])
        sizes = None
        how = b"asymmetric"
    else:
        scales = call.needed(2, "scales") if call.has(2) else np.array([])
        sizes = call.needed(3, "sizes") if call.has(3) else None
        how = at.get("coordinate_transformation_mode", b"half_pixel")
    wanted = (
        [int(n) for n in sizes.reshape(-1)]
        if sizes is not None
        else [math.floor(n * s) for n, s in zip(x.shape, scales.reshape(-1), strict=True)]
    )
    if (
        "axes" in at
        or at.get("antialias")
        or at.get("keep_aspect_ratio_policy", b"stretch") != b"stretch"
    ):
        raise call.refused("resizing with these options", "Resize height and width by plain sizes.")
    if tuple(wanted[:2]) != x.shape[:2]:
        raise call.refused("resizing of batch or channels")
    x = call.make.last(x)
    size = call.make.const(wanted[2:], np.int32)
    mode = at.get("mode", b"nearest")
    centres = how in (b"half_pixel", b"pytorch_half_pixel")
    if mode == b"nearest":
        if any(b % a for a, b in zip(x.shape[2:], wanted[2:], strict=True)) or not (
            centres or how == b"asymmetric"
        ):
            raise call.refused("resizing to the nearest by other than a whole factor")
        options = {"align_corners": False, "half_pixel_centers": False}
        return windowed(
            call, x, call.make.emit("RESIZE_NEAREST_NEIGHBOR", x.tensor, size, **options)
        )
    if mode not in (b"linear", b"bilinear") or how not in (
        b"half_pixel", b"pytorch_half_pixel", b"asymmetric", b"align_corners",
    ):  # fmt: skip
        raise call.refused(f"resizing by {mode.decode()}, {how.decode()}")
    options = {"align_corners": how == b"align_corners", "half_pixel_centers": centres}
    return windowed(call, x, call.make.emit("RESIZE_BILINEAR", x.tensor, size, **options))
