# SPDX-License-Identifier: Apache-2.0
"""edgeinfer: from a trained network to a microcontroller, every byte the same."""

from edgeinfer.interpreter import Interpreter

__all__ = ["Interpreter", "__version__"]
__version__ = "0.1.0"
