# SPDX-License-Identifier: Apache-2.0
"""python -m edgeinfer: the command line."""

from edgeinfer.cli import entry

entry()
