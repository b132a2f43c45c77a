# SPDX-License-Identifier: Apache-2.0
"""Every error that a user may see: what is wrong, where, what to do, and the exit status."""


class EdgeinferError(Exception):
    """An error for the user: one sentence of what is wrong, one of what to do about it.

    `exit_status` is what the command line ends with: 1 when the answer is "no" (does not fit, does
    not match), 2 for wrong usage or bad input."""

    exit_status = 2

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class ModelError(EdgeinferError):
    """The file is not a model that can be read, or contradicts itself."""


class UnsupportedError(EdgeinferError):
    """The model is valid but uses something that edgeinfer does not run."""


class DataError(EdgeinferError):
    """Samples, labels or inputs are missing or cannot be right."""


class QuantizeError(EdgeinferError):
    """The network cannot be quantized as asked."""


class PlanError(EdgeinferError):
    """A memory plan is impossible or was found to be wrong."""


class ImageError(EdgeinferError):
    """The C library refuses an image."""


class BoardError(EdgeinferError):
    """The board is unknown, absent, or its tools are missing."""


class DeviceError(EdgeinferError):
    """The board does not answer, or answers with an error."""


class DamageError(DeviceError):
    """The line to the board loses or changes too much of what is sent."""


class FitError(EdgeinferError):
    """The model does not fit the board."""

    exit_status = 1


class MismatchError(EdgeinferError):
    """Two executions that must be equal are not."""

    exit_status = 1
