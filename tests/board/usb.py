# SPDX-License-Identifier: Apache-2.0
"""What is on USB, as the tests want it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from serial.tools import list_ports

Found = dict[str, tuple[int, int]]  # VID and PID by the port's name


def connect(patch: pytest.MonkeyPatch, found: Found, where: dict[str, str] | None = None) -> None:
    """Let these be the ports on USB, in these sockets; what `found` holds may change later."""

    def comports() -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                device=name,
                vid=vid,
                pid=pid,
                description=f"title of {name}",
                location=f"{where[name]}:1.0" if where else None,
            )
            for name, (vid, pid) in found.items()
        ]

    patch.setattr(list_ports, "comports", comports)
