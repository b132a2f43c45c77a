# SPDX-License-Identifier: Apache-2.0
"""A line that loses, changes, repeats and holds back bytes between a host and a board."""

from __future__ import annotations

import os
import random
import select
import threading
import time
import tty
from types import TracebackType
from typing import Self

HELD = 0.02  # seconds


class Noisy:
    """Passes bytes on between a pseudo-terminal of its own, `port`, and a board's.

    `rate` is the probability of each kind of fault, for each byte in either direction; what is
    `held` back is so for that many seconds."""

    def __init__(self, board: str, rate: float, seed: int, held: float = HELD) -> None:
        self.rate, self.held = rate, held
        self._host, self._slave = os.openpty()
        self._board = os.open(board, os.O_RDWR | os.O_NOCTTY)
        for line in (self._slave, self._board):
            tty.setraw(line)
        self.port = os.ttyname(self._slave)
        self.faults = dict.fromkeys(("lost", "changed", "repeated", "held"), 0)
        self.bytes = 0
        self.dead = False  # nothing passes any more
        self._stopped = threading.Event()
        # One for each direction: a board that is not read from does not read either.
        ways = (self._host, self._board), (self._board, self._host)
        self._threads = [
            threading.Thread(
                target=self._pass_on, args=(*way, random.Random(seed + i)), daemon=True
            )
            for i, way in enumerate(ways)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for line in (self._host, self._slave, self._board):
            os.close(line)

    def _pass_on(self, source: int, target: int, chance: random.Random) -> None:
        while not self._stopped.is_set():
            if select.select([source], [], [], 0.02)[0]:
                data = self._damaged(os.read(source, 4096), chance)
                if data and not self.dead:
                    os.write(target, data)

    def _damaged(self, data: bytes, chance: random.Random) -> bytes:
        self.bytes += len(data)
        passed = bytearray()
        for byte in data:
            for kind in self.faults:
                if chance.random() < self.rate:
                    self.faults[kind] += 1
                    if kind == "lost":
                        break
                    if kind == "changed":
                        byte ^= 1 << chance.randrange(8)
                    elif kind == "repeated":
                        passed.append(byte)
                    else:
                        time.sleep(self.held)
            else:
                passed.append(byte)
        return bytes(passed)
