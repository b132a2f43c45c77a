# SPDX-License-Identifier: Apache-2.0
"""edgeinfer: from a trained network to a microcontroller, every byte the same."""

__version__ = "0.1.0"
