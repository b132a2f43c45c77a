# SPDX-License-Identifier: Apache-2.0
"""How a model was made, as plain JSON data to be kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import edgeinfer
from edgeinfer.graph import Graph
from edgeinfer.inspection import short_name
from edgeinfer.quantize.params import Range
from edgeinfer.quantize.settings import Settings
from edgeinfer.quantize.wide import Forms


def sensitivity(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tensors by what rounding them to int8 costs the output, the most first: `name`, and
    `percent` of what rounding all costs. Nothing where that was not searched."""
    costs = {t["name"]: t["loss"] for t in recipe["tensors"] if "loss" in t}
    total = sum(costs.values()) or 1.0
    order = sorted(costs, key=lambda name: -costs[name])
    return [{"name": short_name(name), "percent": 100 * costs[name] / total} for name in order]


def written(
    graph: Graph,
    settings: Settings,
    count: int,
    found: Mapping[int, Range],
    forms: Forms,
    losses: Mapping[int, float],
    tried: Sequence[float] = (),
) -> dict[str, Any]:
    """`settings` are the keyword arguments that repeat the run; `tensors` is what it chose.

    A tensor's `loss` is what rounding it to int8 costs the output (probes.py); `tries` is what the
    integer network of each try loses, of which the least was taken."""
    tensors = []
    for t, (low, high) in found.items():
        if t not in forms.narrow:
            continue
        quant = forms.quant(t)
        scale = {"scale": float(quant.scale[0]), "zero_point": int(quant.zero_point[0])}
        tensors.append(
            {
                "tensor": t,
                "name": graph.tensors[t].name,
                "low": low,
                "high": high,
                "type": np.dtype(forms.dtype(t)).name,
                **({} if t in forms.real.tensors else scale),
                **({"loss": losses[t]} if t in losses else {}),
            }
        )
    return {
        "edgeinfer": edgeinfer.__version__,
        "settings": settings.as_dict(),
        "samples": count,
        **({"tries": list(tried)} if tried else {}),
        "tensors": tensors,
    }
