# SPDX-License-Identifier: Apache-2.0
"""A converter in a process of its own, because frameworks take their time and talk:
`python alone.py CONVERTER.py MODEL OUT`. Imports nothing of edgeinfer, nor does a converter."""

from __future__ import annotations

import runpy
import sys


def main(converter: str, *files: str) -> None:
    """Call its `main`. Raises whatever the framework raises."""
    runpy.run_path(converter)["main"](*files)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # the reason is the last line, for the caller to show
        line = " ".join(str(error).split())
        sys.exit(f"{type(error).__name__}: {line[:300]}")
