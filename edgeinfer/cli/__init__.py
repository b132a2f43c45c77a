# SPDX-License-Identifier: Apache-2.0
"""The command line: one file per command, registered in app.py."""

from edgeinfer.cli.app import entry, main

__all__ = ["entry", "main"]
