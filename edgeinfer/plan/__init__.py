# SPDX-License-Identifier: Apache-2.0
"""The memory planner, and beside it a checker that shares no code with it."""

from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.checker import check
from edgeinfer.plan.describe import describe, memory_map, peak, summary
from edgeinfer.plan.layout import SCRATCH, Live, Plan, PlannedStep
from edgeinfer.plan.offline import METADATA_KEY, offline_metadata, read_offline
from edgeinfer.plan.planner import FASTEST, SMALLEST, Goal, plan
from edgeinfer.plan.solver import Packing, solve
from edgeinfer.plan.walk import JUMP, first_steps

__all__ = [
    "FASTEST",
    "JUMP",
    "METADATA_KEY",
    "SCRATCH",
    "SMALLEST",
    "Buffer",
    "Goal",
    "Live",
    "Packing",
    "Plan",
    "PlannedStep",
    "check",
    "describe",
    "first_steps",
    "memory_map",
    "offline_metadata",
    "peak",
    "plan",
    "read_offline",
    "solve",
    "summary",
]
