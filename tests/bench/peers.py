# SPDX-License-Identifier: Apache-2.0
"""What others measured (../shared/baselines), and what we aim at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODELS = ("vww01", "ic01", "kws01", "ad01", "sww01", "person_detect")

# Executed instructions of one inference, by board and in the order of MODELS.
TARGETS = {
    "mps2-an386": (5_000_000, 13_500_000, 3_400_000, 400_000, 950_000, 9_200_000),
    "mps3-an547": (2_200_000, 3_400_000, 1_200_000, 100_000, 280_000, 3_400_000),
    "mps2-an385-m0": (24_000_000, 62_000_000, 15_000_000, 1_250_000, 5_000_000, 42_000_000),
}
PEER_CORES = {"mps2-an386": "m4", "mps3-an547": "m55", "mps2-an385-m0": "m0plus"}
CODE = {"speed": 16_384, "size": 9_216}  # bytes, by what --optimize says
ARENAS = (31_500, 17_500, 9_000, 800, 4_600, 17_500)  # bytes
# Cycles of the fastest entries of MLPerf Tiny's closed division on an STM32L4R5 (Cortex-M4).
SILICON = {"vww01": 10_730_000, "ic01": 19_880_000, "kws01": 5_210_000, "ad01": 486_000}
# Raspberry Pi boards, and the peer on their core in host_peers.json.
PIS = {"rpi4": "a72_litert_xnnpack", "rpi5": "a76_litert_xnnpack"}
_SHORT = {"vww01": "vww", "ic01": "ic", "kws01": "kws", "ad01": "ad"}


class Peers:
    """Figures of the peers, by model and core."""

    def __init__(self, folder: Path) -> None:
        self._boards = json.loads((folder / "mcu_peers.json").read_text())["peers"]
        self._pis = json.loads((folder / "host_peers.json").read_text())["aarch64_minsn"]

    def on(self, core: str, model: str, peer: str = "tflm") -> dict[str, Any] | None:
        """TensorFlow Lite Micro with CMSIS-NN, or TinyEngine, on a core; None if not measured."""
        for found in self._boards:
            which = (found["model"], found["core"], found["peer"])
            if which == (f"{model}_int8", core, peer) and found["kernels"] != "ref":
                return dict(found)
        return None

    def on_pi(self, board: str, model: str) -> int | None:
        """Instructions of LiteRT with XNNPACK on a Raspberry Pi's core; None if not measured."""
        millions = self._pis[PIS[board]].get(_SHORT.get(model, ""))
        return round(millions * 1_000_000) if millions else None
