# SPDX-License-Identifier: Apache-2.0
"""Kernel calls → buffers: how many bytes must be kept, and during which steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeinfer.errors import PlanError

if TYPE_CHECKING:
    from edgeinfer.lower import Program
    from edgeinfer.ops.base import Call


@dataclass(frozen=True)
class Buffer:
    """Bytes that nothing else may touch while steps first..last, both included, execute."""

    id: int  # storage tensor, or len(graph.tensors) + step for that step's scratch
    size: int  # bytes
    first: int  # step
    last: int  # step, >= first


@dataclass(frozen=True)
class Lifetimes:
    """The buffers of a program and which of them each tensor and each step's scratch uses."""

    buffers: tuple[Buffer, ...]
    owner: Mapping[int, int]  # storage tensor → Buffer.id; several in one buffer are in place
    spans: Mapping[int, tuple[int, int]]  # storage tensor → its own first and last step
    scratch: tuple[int, ...]  # of each step, bytes; its Buffer.id is len(graph.tensors) + step


@dataclass
class _Class:
    """A storage tensor's use, before merging."""

    size: int  # bytes
    first: int
    last: int
    writers: int = 0
    pinned: bool = False  # holds a value that is needed outside its reads: output or variable
    given: bool = False  # written before step 0: input or variable


def buffers_of(program: Program, scratch: Callable[[Call], int], inplace: bool) -> Lifetimes:
    """The buffers that the calls of a program need, in bytes and steps.

    `scratch` gives a call's scratch bytes. With `inplace`, an output shares the buffer of an input
    that dies at the same call where the kernel allows it and the peak does not grow.
    Raises PlanError for a tensor that is read but never written."""
    tensors = program.graph.tensors
    classes = _classes(program)
    owner = {storage: storage for storage in classes}
    merged = {s: _Class(c.size, c.first, c.last) for s, c in classes.items()}
    needs = tuple(scratch(call) for call in program.calls)
    if inplace:
        _merge(program, classes, owner, merged, needs)
    buffers = [Buffer(i, c.size, c.first, c.last) for i, c in merged.items()]
    buffers += [Buffer(len(tensors) + i, n, i, i) for i, n in enumerate(needs) if n > 0]
    return Lifetimes(
        tuple(buffers), owner, {s: (c.first, c.last) for s, c in classes.items()}, needs
    )


def _classes(program: Program) -> dict[int, _Class]:
    tensors = program.graph.tensors
    end = max(len(program.calls) - 1, 0)
    classes: dict[int, _Class] = {}

    def use(tensor: int, step: int) -> _Class | None:
        storage = program.storage(tensor)
        if tensors[storage].data is not None:
            return None
        size = max(tensors[storage].nbytes, tensors[tensor].nbytes)
        entry = classes.setdefault(storage, _Class(size, step, step))
        entry.size = max(entry.size, size)
        entry.first, entry.last = min(entry.first, step), max(entry.last, step)
        return entry

    for tensor in program.graph.inputs:
        if entry := use(tensor, 0):
            entry.given = True
    for index, tensor_ in enumerate(tensors):
        if tensor_.is_variable and (entry := use(index, 0)):
            entry.given = entry.pinned = True
            entry.last = end
    for step, call in enumerate(program.calls):
        for ref in call.read:
            if (entry := use(ref.tensor, step)) and not (entry.given or entry.writers):
                raise PlanError(
                    f"Tensor '{tensors[ref.tensor].name}' is read by "
                    f"{program.graph.label(call.node)} before anything writes it.",
                    "Convert the model again: its operators are not in execution order.",
                )
        for ref in call.written:
            if entry := use(ref.tensor, step):
                entry.writers += 1
    for tensor in program.graph.outputs:
        if entry := use(tensor, end):
            entry.pinned = True
            if not (entry.given or entry.writers):
                raise PlanError(
                    f"Output '{tensors[tensor].name}' is not written by any layer.",
                    "Convert the model again: it is damaged.",
                )
    return classes


def _merge(
    program: Program,
    classes: Mapping[int, _Class],
    owner: dict[int, int],
    merged: dict[int, _Class],
    scratch: tuple[int, ...],
) -> None:
    profile = list(scratch)
    for entry in classes.values():
        for step in range(entry.first, min(entry.last + 1, len(profile))):
            profile[step] += entry.size
    for step, call in enumerate(program.calls):
        output = program.storage(call.output.tensor)
        if output not in classes or not _fresh(classes[output], call.output.offset, step):
            continue
        for position in call.inplace:
            source = program.storage(call.inputs[position].tensor)
            if not _dies(program, classes, call, position, step) or source == output:
                continue
            kept, gone = merged[owner[source]], merged[output]
            grown = max(kept.size, gone.size)
            after = list(profile)
            for t in range(kept.first, step):
                after[t] += grown - kept.size
            after[step] += grown - kept.size - gone.size
            for t in range(step + 1, gone.last + 1):
                after[t] += grown - gone.size
            if max(after) > max(profile):
                continue
            profile = after
            kept.size, kept.last = grown, gone.last
            del merged[output]
            owner[output] = owner[source]
            break


def _fresh(output: _Class, offset: int, step: int) -> bool:
    """Whether the call at this step makes the whole tensor, and nothing had its bytes before."""
    return output.writers == 1 and output.first == step and not output.given and offset == 0


def _dies(
    program: Program, classes: Mapping[int, _Class], call: Call, position: int, step: int
) -> bool:
    source = program.storage(call.inputs[position].tensor)
    if source not in classes or classes[source].pinned or classes[source].last != step:
        return False
    return all(
        p in call.inplace and ref.offset == 0
        for p, ref in enumerate(call.read)
        if program.storage(ref.tensor) == source
    )
