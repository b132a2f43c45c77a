# SPDX-License-Identifier: Apache-2.0
"""Options of custom operators: a flexbuffer that holds a map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Site


def custom_options(site: Site) -> Mapping[str, Any]:
    """An operator's custom options. Raises ModelError if they are no flexbuffer map."""
    if not site.node.custom:
        return {}
    try:
        found = flexbuffers.Loads(site.node.custom)
    except Exception as error:  # the package checks nothing
        raise ModelError(f"{site.where}: its options are damaged.", "Convert it again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{site.where}: its options are no map.", "Convert the model again.")
    return found


def option(site: Site, name: str, low: int, high: int, default: int | None = None) -> int:
    """A whole number of the custom options. Raises ModelError if it is absent, without a default,
    or out of range."""
    value = custom_options(site).get(name, default)
    if not isinstance(value, (int, bool)) or not low <= value <= high:
        raise ModelError(
            f"{site.where}: option '{name}' is {value}, not {low} to {high}.",
            "Convert the model again: it is damaged.",
        )
    return int(value)


def real_option(site: Site, name: str) -> float:
    """A number of the custom options, as float32. Raises ModelError if it is absent or infinite."""
    value = custom_options(site).get(name)
    with np.errstate(over="ignore"):
        number = float(np.float32(value)) if isinstance(value, (int, float)) else math.nan
    if not math.isfinite(number):
        raise ModelError(
            f"{site.where}: option '{name}' is {value}, not a finite number.",
            "Convert the model again: it is damaged.",
        )
    return number
