# SPDX-License-Identifier: Apache-2.0
"""The kept corpora again: what fuzzing found once is found no more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgeinfer import native
from tests.csrc.images import all_images
from tests.fuzz import corpus, image
from tests.fuzz.model import attempt


def test_images(tmp_path: Path) -> None:
    corpus.unpack(corpus.load("image"), tmp_path / "corpus")
    program = image.build(tmp_path)
    done = subprocess.run(
        [program, "-runs=0", "corpus"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_models() -> None:
    inputs = corpus.load("model")
    for data in inputs:
        attempt(data)
    assert len(inputs) > 100


@pytest.mark.xdist_group("images")
def test_images_follow_their_kernels() -> None:
    made = all_images()["move"]
    kernels = native.kernel_names()
    other = corpus.of_today(made, [*kernels[1:], kernels[0]])
    assert other != made
    assert corpus.of_today(other, [kernels[-1], *kernels[:-1]]) == made
    assert corpus.of_today(b"", []) == b""
