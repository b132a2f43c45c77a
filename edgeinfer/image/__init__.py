# SPDX-License-Identifier: Apache-2.0
"""The image: what the C library executes, made from a plan."""

from edgeinfer.image.layout import Image, Io, Step
from edgeinfer.image.read import read_image, with_selftest
from edgeinfer.image.write import layer_names, pack

__all__ = ["Image", "Io", "Step", "layer_names", "pack", "read_image", "with_selftest"]
