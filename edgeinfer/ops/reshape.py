# SPDX-License-Identifier: Apache-2.0
"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.ops.base import Site
from edgeinfer.ops.renaming import Renaming


class Reshape(Renaming):
    """The reference is kernels/reshape.cc."""

    name = "RESHAPE"

    def shape(self, site: Site) -> tuple[int, ...]:
        source = site.input(0)
        tensor = site.optional(1)
        wanted = (
            [int(n) for n in tensor.data.reshape(-1)]
            if tensor is not None and tensor.data is not None
            else [
                int(n) for n in np.asarray(site.option("new_shape", site.output.shape)).reshape(-1)
            ]
        )
        known = int(np.prod([n for n in wanted if n != -1], dtype=np.int64))
        if -1 in wanted and known > 0:
            wanted[wanted.index(-1)] = source.size // known
        if int(np.prod(wanted, dtype=np.int64)) != source.size or min(wanted, default=1) < 1:
            raise ModelError(
                f"{site.where}: {source.shape} cannot become {tuple(wanted)}.",
                "Convert the model again: it is damaged.",
            )
        return tuple(wanted)
