# SPDX-License-Identifier: Apache-2.0
"""ARG_MIN: the index of the smallest element along a dimension."""

from __future__ import annotations

from edgeinfer.ops.arg_extreme import ArgExtreme


class ArgMin(ArgExtreme):
    """See `ArgExtreme`."""

    name = "ARG_MIN"
    smallest = True
