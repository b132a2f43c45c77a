# SPDX-License-Identifier: Apache-2.0
"""The memory plan for stock TensorFlow Lite Micro."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from edgeinfer.errors import PlanError
from edgeinfer.graph import Graph
from edgeinfer.plan import offline_metadata, read_offline
from tests.plan.programs import Builder


def graph() -> Graph:
    b = Builder()
    x, weights = b.tensor(20), b.tensor(4, data=np.zeros(4, np.int8))
    y, state = b.tensor(40), b.tensor(8, is_variable=True)
    b.call([x, weights, -1], y)
    view = b.name(y)
    z = b.tensor(10)
    b.call([view, state], z)
    return b.program([x], [z]).graph


def test_layout() -> None:
    data = offline_metadata(graph())
    words = struct.unpack(f"<{len(data) // 4}i", data)
    assert words[:3] == (1, 1, 6) and len(words) == 9
    places = read_offline(data, 6)
    assert places == list(words[3:])
    assert places[1] == places[3] == -1  # constant, variable
    assert all(p % 16 == 0 for p in places if p >= 0)
    assert abs(places[2] - places[4]) >= 48  # a reshape copies: no shared bytes
    assert max(places) + 48 <= 96 + 48


def test_refusals() -> None:
    data = offline_metadata(graph())
    for bad, count in ((data, 5), (data[:-1], 6), (data[:-4], 6), (b"", 0)):
        with pytest.raises(PlanError, match="damaged or made for another model"):
            read_offline(bad, count)
    with pytest.raises(PlanError, match="subgraphs"):
        offline_metadata(Graph((), (), (), (), subgraphs=(graph(),)))
