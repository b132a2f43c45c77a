# SPDX-License-Identifier: Apache-2.0
"""Runs an image on csrc through cffi: the very bytes that go to a board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeinfer import native
from edgeinfer.errors import DataError, ImageError, ModelError
from edgeinfer.graph import Array
from edgeinfer.image import read_image

FILL = 0xA5  # what the arena holds before the first run


class Session:
    """One model in one arena.

    `backend` is "host", or "dsp" for the Cortex-M4's code on emulated instructions.
    Raises ImageError when the C library refuses the image."""

    def __init__(self, image: bytes, backend: str = "host") -> None:
        self.info = read_image(image)
        self._ffi, self._lib = native.library(backend)
        self._image = self._aligned(len(image))
        self._ffi.memmove(self._image, image, len(image))
        self._model = self._ffi.new("ei_model *")
        code = self._lib.ei_verify(self._image, len(image), self._model)
        if code != 0:
            raise ImageError(
                f"The image is refused: {native.error_text(code)}.",
                "Make it again from the .tflite.",
            )
        self._arena = self._aligned(self.info.arena_bytes)
        self._ffi.memmove(self._arena, bytes([FILL]) * self.info.arena_bytes, self.info.arena_bytes)
        self._view = np.frombuffer(
            self._ffi.buffer(self._arena, self.info.arena_bytes), dtype=np.uint8
        )
        self.reset()

    def reset(self) -> None:
        """Put the model's state to its start, as it is in a new session."""
        self._done(self._lib.ei_reset(self._model, self._arena))

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs for one set of inputs, each of the model's own type and size.

        A model with state keeps it for the next run. Raises DataError when the inputs do not
        match, ModelError for a loop that does not end."""
        self.write(inputs)
        self.invoke()
        return self.read()

    def invoke(self) -> None:
        """An inference on what lies in the arena. Raises ModelError for a loop without an end."""
        self._done(self._lib.ei_invoke(self._model, self._arena, self._ffi.NULL, self._ffi.NULL))

    @staticmethod
    def _done(code: int) -> None:
        if code != 0:
            raise ModelError(
                f"The model was stopped: {native.error_text(code)}.",
                "Give its WHILE a condition that becomes false.",
            )

    def write(self, inputs: Sequence[Array]) -> None:
        """Put the inputs into the arena."""
        if len(inputs) != len(self.info.inputs):
            raise DataError(
                f"The model has {len(self.info.inputs)} inputs, {len(inputs)} were given.",
                "Give one array for each input.",
            )
        for io, value in zip(self.info.inputs, inputs, strict=True):
            array = np.ascontiguousarray(value)
            if array.dtype != io.dtype or array.nbytes != io.bytes:
                raise DataError(
                    f"The input takes {io.dtype} {io.dims}, not {array.dtype} {array.shape}.",
                    "Reshape or convert the samples.",
                )
            self._view[io.offset : io.offset + io.bytes] = array.reshape(-1).view(np.uint8)

    def read(self) -> list[Array]:
        """Copies of the outputs in the arena."""
        return [
            self._view[io.offset : io.offset + io.bytes].copy().view(io.dtype).reshape(io.dims)
            for io in self.info.outputs
        ]

    def selftest_crc(self) -> int:
        """CRC-32 of all outputs for the self-test's input, from the start of the state."""
        self.reset()
        self._lib.ei_selftest_input(self._model, self._arena)
        self.invoke()
        crc = int(self._lib.ei_output_crc(self._model, self._arena))
        self.reset()
        return crc

    def _aligned(self, size: int) -> Any:
        """Memory whose first byte lies at a multiple of 16; the owner is kept alive with it."""
        owner = self._ffi.new("uint8_t[]", size + 16)
        start = int(self._ffi.cast("uintptr_t", owner))
        pointer = owner + (-start % 16)
        self._keep = [*getattr(self, "_keep", []), owner]
        return pointer
