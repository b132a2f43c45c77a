# SPDX-License-Identifier: Apache-2.0
"""Cases with the bytes that TFLite's reference kernels give, and bundles of them for a board."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array
from edgeinfer.image import read_image
from tests.ops.cases import CASES, oracle_of, samples

INPUTS = 4  # of each model


@dataclass(frozen=True)
class Case:
    """A model with inputs and the outputs that are right."""

    op: str
    image: bytes
    samples: tuple[tuple[bytes, bytes], ...]  # inputs and outputs, each one after the other
    arena_bytes: int

    @property
    def packed(self) -> bytes:
        """All of it but the case's number, as program.c reads it."""
        into, out = (len(part) for part in self.samples[0])
        head = struct.pack("<7I", len(self.image), len(self.samples), into, out, 0, 0, 0)
        parts = (self.image, *(part for pair in self.samples for part in pair))
        return head + b"".join(part + bytes(-len(part) % 16) for part in parts)


def make_cases(models: int, layout: str, ops: Sequence[str] = ()) -> list[Case]:
    """`models` random ones of each operator, by default of all; always the same ones. `layout` of
    filters is one of boards.LAYOUTS."""
    return [case for op in ops or sorted(CASES) for case in _cases(op, models, layout)]


def _cases(op: str, models: int, layout: str) -> Iterator[Case]:
    rng = np.random.default_rng([*op.encode()])
    for _ in range(models):
        graph = CASES[op](rng)
        oracle = oracle_of(op, graph)
        image = compile_graph(graph, passes=(), layout=layout).image
        pairs = tuple(
            (joined(inputs), joined(oracle.run(inputs))) for inputs in samples(graph, rng, INPUTS)
        )
        yield Case(op, image, pairs, read_image(image).arena_bytes)


def joined(tensors: Sequence[Array]) -> bytes:
    """The bytes of all tensors, one after the other."""
    return b"".join(tensor.tobytes() for tensor in tensors)


def bundles(cases: Sequence[Case], flash: int, arena: int) -> Iterator[bytes]:
    """All cases that need no more than `arena` bytes of RAM, in parts of `flash` bytes."""
    part = b""
    for number, case in enumerate(cases):
        packed = struct.pack("<I", number) + case.packed
        if case.arena_bytes > arena or len(packed) > flash:
            continue
        if len(part) + len(packed) > flash:
            yield part
            part = b""
        part += packed
    if part:
        yield part
