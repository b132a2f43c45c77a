# SPDX-License-Identifier: Apache-2.0
"""A built project onto a real board, by PlatformIO's own uploaders."""

from collections.abc import Callable
from pathlib import Path

from edgeinfer.boards.board import Board
from edgeinfer.firmware.build import run_platformio
from edgeinfer.wire import ports


def upload(
    board: Board, folder: Path, port: str = "", watch: Callable[[float], None] | None = None
) -> str:
    """Upload the project in a folder; the port where the board then is.

    `watch` is told the share that the uploader says is done. `port` is needed only when several may
    be the board. Raises BoardError when the upload fails, DeviceError when the board does not come
    back."""
    before = ports.before_upload(board, port)
    # PlatformIO looks for a port even where the boot loader has none; any name ends the search.
    name = before.port or before.numbers
    options = ("-t", "upload", *(("--upload-port", name) if name else ()))
    run_platformio(folder, board, *options, watch=watch)
    return ports.after_upload(board, before)
