# SPDX-License-Identifier: Apache-2.0
"""Whether the shapes that a model states follow from its operators."""

from __future__ import annotations

from edgeinfer.errors import ModelError, UnsupportedError
from edgeinfer.ops.base import Op, Site

LARGEST = 65_535  # a dimension in the C library
_AGAIN = "Convert the model again: it is damaged."


def check_shape(site: Site, op: Op) -> None:
    """Raises ModelError unless the output's shape follows from the inputs and options.

    Offsets and sizes rest on these shapes, and a damaged file can say anything."""
    try:
        shapes = op.shapes(site)
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError) as error:
        raise ModelError(f"{site.where} contradicts itself ({error}).", _AGAIN) from error
    said = tuple(t.shape for t in site.outputs)
    if shapes != said:
        raise ModelError(
            f"{site.where} makes {_text(shapes)}, not {_text(said)} as the file says.", _AGAIN
        )
    if max((n for shape in shapes for n in shape), default=0) > LARGEST:
        raise UnsupportedError(
            f"{site.where} makes {_text(shapes)}; {LARGEST:,} is the largest dimension.",
            "Make the layer smaller.",
        )


def _text(shapes: tuple[tuple[int, ...], ...]) -> str:
    return ", ".join(map(str, shapes))
