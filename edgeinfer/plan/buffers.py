# SPDX-License-Identifier: Apache-2.0
"""What is packed: so many bytes, needed for so long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """Bytes that nothing else may touch while steps first..last, both included, execute."""

    id: int
    size: int  # bytes
    first: int  # step
    last: int  # step, >= first
