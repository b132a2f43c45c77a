# SPDX-License-Identifier: Apache-2.0
"""Fuzzes what reads untrusted bytes, for some time; its words are libFuzzer's.

Usage: python -m tests.fuzz {image,model} [--seconds 120] [--keep]
       python -m tests.fuzz line [--count 10000000] [--seed 1]

What it finds stands in build/fuzz, as `crash-…`; a finding makes the command fail."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from tests.conftest import ROOT
from tests.fuzz import corpus, image, line

LARGEST = 4096  # bytes of an input


def main() -> int:
    """The command; its exit code is libFuzzer's."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=["image", "model", "line"])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--keep", action="store_true", help="put the smallest corpus into tests/")
    parser.add_argument("--count", type=int, default=10_000_000, help="of frames and commands")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    folder = ROOT / "build" / "fuzz"
    if args.kind == "line":
        program, other = line.build(folder / "line")
        command = [program, str(args.seed), str(args.count), other]
        return subprocess.run(command, check=False).returncode
    found, start, least = (folder / f"{args.kind}-{name}" for name in ("found", "seeds", "least"))
    shutil.rmtree(start, ignore_errors=True)
    inputs = [*corpus.seeds(args.kind), *corpus.load(args.kind)]
    corpus.unpack([data for data in inputs if len(data) <= LARGEST], start)
    found.mkdir(exist_ok=True)
    if args.kind == "image":
        command = [str(image.build(folder))]
    else:
        command = [sys.executable, "-m", "tests.fuzz.model"]
    command += [f"-max_len={LARGEST}", "-rss_limit_mb=3000", "-timeout=60"]
    command += [f"-artifact_prefix={folder}/{args.kind}-"]
    limits = [f"-max_total_time={args.seconds}", "-print_final_stats=1"]
    code = subprocess.run([*command, *limits, found, start], cwd=ROOT, check=False).returncode
    if code == 0 and args.keep:
        shutil.rmtree(least, ignore_errors=True)
        least.mkdir()
        merge = ["-set_cover_merge=1", "-use_counters=0", least, found, start]
        subprocess.run([*command, *merge], cwd=ROOT, check=True)
        corpus.save(args.kind, least)
    return code


if __name__ == "__main__":
    sys.exit(main())
