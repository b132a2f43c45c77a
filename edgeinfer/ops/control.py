# SPDX-License-Identifier: Apache-2.0
"""Operators that edgeinfer/inline.py replaces: subgraphs and resource variables."""

from __future__ import annotations

from edgeinfer.ops.base import Op, Site


class Control(Op):
    """An operator without a kernel; a graph that has it is put in line before it is lowered."""

    pure = False

    def __init__(self, name: str) -> None:
        self.name = name

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        return tuple(t.shape for t in site.outputs)

    def known(self, site: Site) -> bool:
        return False
