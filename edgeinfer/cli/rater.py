# SPDX-License-Identifier: Apache-2.0
"""A measure of the user's own, MODULE:FUNCTION, as a function of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable

from edgeinfer import tflite
from edgeinfer.errors import DataError
from edgeinfer.graph import Graph
from edgeinfer.interpreter import Interpreter
from edgeinfer.quantize.samples import FUNCTION, users_own

_REMEDY = "Give MODULE:FUNCTION of a function that takes a model and returns a number."


def rater(text: str) -> Callable[[Graph], float]:
    """What gives the function an Interpreter with its tensors allocated, and takes its number.

    Raises DataError if `text` names no function, or it fails or returns no number."""
    named = FUNCTION.fullmatch(text)
    if named is None:
        raise DataError(f"'{text}' names no function.", _REMEDY)
    function = users_own(named[1], named[2], _REMEDY)

    def rate(graph: Graph) -> float:
        model = Interpreter(model_content=tflite.write(graph))
        model.allocate_tensors()
        found = function(model)
        try:
            score = float(found)
        except (TypeError, ValueError):
            score = math.nan
        if math.isnan(score):
            raise DataError(f"The function {text} returned {found!r}, no number.", _REMEDY)
        return score

    return rate
