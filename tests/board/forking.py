# SPDX-License-Identifier: Apache-2.0
"""smpmgr, which takes longer to import than to answer: each line of arguments, a list in JSON, is
run by a child of the process that has imported it. Prints the child's exit status."""

from __future__ import annotations

import json
import os
import signal
import sys

from smpmgr.main import app

SECONDS = 120


def run(arguments: list[str], out: str, errors: str) -> None:
    """What a process of its own would do; does not return."""
    signal.alarm(SECONDS)
    for path, descriptor in ((os.devnull, 0), (out, 1), (errors, 2)):
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags), descriptor)
    sys.argv = ["smpmgr", *arguments]
    try:
        status: object = app()
    except SystemExit as end:
        status = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
