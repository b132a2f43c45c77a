# SPDX-License-Identifier: Apache-2.0
"""A built project onto a real board, by PlatformIO's own uploaders."""

from pathlib import Path

from edgeinfer import ports
from edgeinfer.boards import Board
from edgeinfer.build import run_platformio


def upload(board: Board, folder: Path, port: str = "") -> str:
    """Upload the project in a folder; the port where the board then is.

    `port` is needed only when several may be the board. Raises BoardError when the upload fails,
    DeviceError when the board does not come back."""
    before = ports.before_upload(board, port)
    # PlatformIO looks for a port even where the boot loader has none; any name ends the search.
    name = before.port or before.numbers
    run_platformio(folder, board, "-t", "upload", *(("--upload-port", name) if name else ()))
    return ports.after_upload(board, before)
