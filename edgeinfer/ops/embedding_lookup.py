# SPDX-License-Identifier: Apache-2.0
"""EMBEDDING_LOOKUP: rows of a table."""

from __future__ import annotations

import math

from edgeinfer.ops.base import Site
from edgeinfer.ops.lookup import Lookup


class EmbeddingLookup(Lookup):
    """The reference is EvalSimple (kernels/embedding_lookup.cc)."""

    name = "EMBEDDING_LOOKUP"
    source, index = 1, 0

    def shape(self, site: Site) -> tuple[int, ...]:
        return (*site.input(0).shape, *site.input(1).shape[1:])

    def geometry(self, site: Site) -> tuple[int, int, int, tuple[int, ...], int]:
        table = site.input(1).shape
        return 1, 1, site.input(0).size, table[:1], math.prod(table[1:])
