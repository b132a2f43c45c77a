# SPDX-License-Identifier: Apache-2.0
"""The memory planner, and beside it a checker that shares no code with it."""

from edgeinfer.plan.advice import layer_name, sentences
from edgeinfer.plan.buffers import Buffer
from edgeinfer.plan.checker import check
from edgeinfer.plan.describe import describe, memory_map, parts, peak, summary
from edgeinfer.plan.layout import SCRATCH, Live, Piece, Plan, PlannedStep, Trace
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
    "Piece",
    "Plan",
    "PlannedStep",
    "Trace",
    "check",
    "describe",
    "first_steps",
    "layer_name",
    "memory_map",
    "offline_metadata",
    "parts",
    "peak",
    "plan",
    "read_offline",
    "sentences",
    "solve",
    "summary",
]
