# SPDX-License-Identifier: Apache-2.0
"""Random models of one operator each: shapes, strides, paddings, broadcasts, scales, edges.

One file for a family of operators; all files of this folder are found."""

from __future__ import annotations

import importlib
import pkgutil

from tests.ops.cases.common import CASES, oracle_of, samples

for found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{found.name}")

__all__ = ["CASES", "oracle_of", "samples"]
