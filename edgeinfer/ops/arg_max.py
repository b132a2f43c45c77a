# SPDX-License-Identifier: Apache-2.0
"""ARG_MAX: the index of the largest element along a dimension."""

from __future__ import annotations

from edgeinfer.ops.arg_extreme import ArgExtreme


class ArgMax(ArgExtreme):
    """See `ArgExtreme`."""

    name = "ARG_MAX"
    smallest = False
