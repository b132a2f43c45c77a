# SPDX-License-Identifier: Apache-2.0
"""Several models in one firmware: one arena, which begins with what each of them remembers.

An inference uses the rest of the arena, whose bytes mean nothing before and after it. A model's
state is never in the way of another's inference, and none need be saved or restored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from edgeinfer import native
from edgeinfer.boards.board import SMALL
from edgeinfer.errors import ModelError
from edgeinfer.image import Image, read_image

_ALIGN = 16  # EI_IMAGE_ALIGN


class Models:
    """The image, or images, that go into one firmware, and what they share. Sizes in bytes.

    Raises ModelError for two models of one name, or one whose state has no place of its own."""

    def __init__(self, images: bytes | Sequence[bytes]) -> None:
        self.images = (images,) if isinstance(images, bytes) else tuple(images)
        self.facts: tuple[Image, ...] = tuple(read_image(image) for image in self.images)
        names = [facts.name for facts in self.facts]
        for name in names:
            if names.count(name) > 1:
                raise ModelError(
                    f"Two models of one firmware are called {name}.", "Rename one of the files."
                )
        for facts in self.facts:
            if len(self) > 1 and facts.reset_steps and not facts.state_bytes:
                raise ModelError(
                    f"The state of {facts.name} has no part of the arena for itself.",
                    "Compile it with apart=True.",
                )

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def places(self) -> list[tuple[int, int, int]]:
        """Of each image where it begins in `image`, its size, and where its state begins."""
        found, at, state = [], 0, 0
        for image, facts in zip(self.images, self.facts, strict=True):
            found.append((at, len(image), state))
            at += -(-len(image) // _ALIGN) * _ALIGN
            state += facts.state_bytes
        return found

    @cached_property
    def image(self) -> bytes:
        """All images, each at a multiple of 16."""
        whole = bytearray()
        for (at, _, _), image in zip(self.places, self.images, strict=True):
            whole += bytes(at - len(whole)) + image
        return bytes(whole)

    @property
    def small(self) -> bool:
        """Whether the least code is wanted, and not the fastest."""
        return all(facts.layout == SMALL for facts in self.facts)

    @property
    def state_bytes(self) -> int:
        """The states of several models, with which the arena begins."""
        return sum(facts.state_bytes for facts in self.facts) if len(self) > 1 else 0

    @property
    def arena_bytes(self) -> int:
        """The arena that all share, in both memories."""
        return self.fast_bytes + self.slow_bytes

    @property
    def fast_bytes(self) -> int:
        """The part of it in the faster memory, all of it if there is but one."""
        fast = [f.fast_bytes or f.arena_bytes for f in self.facts]
        if len(self) == 1:
            return fast[0]
        shared = (size - f.state_bytes for size, f in zip(fast, self.facts, strict=True))
        return self.state_bytes + max(shared)

    @property
    def slow_bytes(self) -> int:
        """The part of it in the slower memory."""
        return max(f.arena_bytes - f.fast_bytes if f.fast_bytes else 0 for f in self.facts)

    @property
    def input_bytes(self) -> int:
        """The largest input of a model."""
        return max(sum(io.bytes for io in facts.inputs) for facts in self.facts)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that any image uses, in the C library's order."""
        used = {kernel for facts in self.facts for kernel in facts.kernels}
        return tuple(kernel for kernel in native.kernel_names() if kernel in used)
