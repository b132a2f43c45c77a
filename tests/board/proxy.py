# SPDX-License-Identifier: Apache-2.0
"""A bad line between a host and a board: bytes are lost, changed, doubled and late."""

from __future__ import annotations

import os
import random
import select
import threading
import time
import tty
from types import TracebackType
from typing import Self

import serial

LATE = 0.02  # seconds


class BadLine:
    """A pseudo-terminal before a board's port; each of four faults strikes a byte with `rate`."""

    def __init__(self, port: str, rate: float, seed: int) -> None:
        self._board = serial.Serial(port, timeout=0)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.faults = 0
        self._rate, self._random = rate, random.Random(seed)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._board.close()
        os.close(self._master)
        os.close(self._slave)

    def _serve(self) -> None:
        board = self._board.fileno()
        while not self._stopped.is_set():
            for end in select.select([board, self._master], [], [], 0.01)[0]:
                data = self._damaged(os.read(end, 4096))
                os.write(self._master if end == board else board, data)

    def _damaged(self, data: bytes) -> bytes:
        found = bytearray()
        for byte in data:
            fault = int(self._random.random() / self._rate)
            self.faults += fault < 4
            if fault == 0:
                continue
            if fault == 1:
                byte ^= 1 << self._random.randrange(8)
            found.append(byte)
            if fault == 2:
                found.append(byte)
            if fault == 3:
                time.sleep(LATE)
        return bytes(found)
