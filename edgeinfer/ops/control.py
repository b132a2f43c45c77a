# SPDX-License-Identifier: Apache-2.0
"""Operators that edgeinfer/inline.py replaces: subgraphs and resource variables."""

from __future__ import annotations

from edgeinfer.ops.base import Op, Site


class Control(Op):
    """An operator without a kernel; a graph that has it is put in line before it is lowered."""

    pure = False

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        return tuple(t.shape for t in site.outputs)

    def known(self, site: Site) -> bool:
        return False


class VarHandle(Control):
    """Names a variable."""

    name = "VAR_HANDLE"


class ReadVariable(Control):
    """The value of a variable at this moment."""

    name = "READ_VARIABLE"


class AssignVariable(Control):
    """Gives a variable a value."""

    name = "ASSIGN_VARIABLE"


class CallOnce(Control):
    """Runs a subgraph before the first inference."""

    name = "CALL_ONCE"


class If(Control):
    """Runs one of two subgraphs."""

    name = "IF"


class While(Control):
    """Runs a subgraph as long as another gives true."""

    name = "WHILE"
