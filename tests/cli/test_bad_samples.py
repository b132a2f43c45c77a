# SPDX-License-Identifier: Apache-2.0
"""Samples and labels that cannot be right, for each command that takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Cli, Done

Refused = Callable[..., Done]
Words = Callable[[Path, str], tuple[object, ...]]
TAKERS: dict[str, Words] = {
    "quantize": lambda m, d: ("quantize", m / "float.tflite", "--calib", d, "-o", "out.tflite"),
    "eval": lambda m, d: ("eval", m / "int8.tflite", "--data", d),
    "run": lambda m, d: ("run", m / "int8.tflite", "--input", d, "--output", "y.npy"),
    "verify": lambda m, d: ("verify", m / "int8.tflite", "--inputs", d),
}


@pytest.fixture(params=TAKERS)
def words(request: pytest.FixtureRequest, models: Path) -> Callable[[str], tuple[object, ...]]:
    make = TAKERS[request.param]
    return lambda data: make(models, data)


def spoilt(models: Path, value: float) -> Any:
    x = np.load(models / "x.npy")
    x[4, 3] = value
    return x


@pytest.mark.parametrize(
    ("make", "says", "remedy"),
    [
        (lambda m: spoilt(m, np.nan), "1 of 30 samples", "Remove or repair"),
        (lambda m: spoilt(m, np.inf), "(the first is sample 4)", "Remove or repair"),
        (lambda m: np.zeros((0, 8, 8, 2), np.float32), "There are no samples", "Give "),
        (lambda m: np.zeros((5, 8, 9, 2), np.float32), "have shape (5, 8, 9, 2)", "Reshape"),
        (lambda m: np.zeros(7, np.float32), "takes [n, 8, 8, 2]", "Reshape"),
        (lambda m: np.float32(1), "have shape ()", "Reshape"),
        (lambda m: np.full((3, 8, 8, 2), "x"), "are of type <U1", "Give float32 numbers"),
        (lambda m: np.full((3, 8, 8, 2), 1j), "are of type complex128", "Give float32 numbers"),
    ],
)
def test_values(
    refused: Refused,
    words: Callable[[str], tuple[object, ...]],
    models: Path,
    make: Callable[[Path], Any],
    says: str,
    remedy: str,
) -> None:
    np.save("bad.npy", make(models))
    refused(*words("bad.npy"), says=says, remedy=remedy)


def test_files(refused: Refused, words: Callable[[str], tuple[object, ...]], models: Path) -> None:
    refused(*words("nosuch.npz"), says="There is no file 'nosuch.npz'", remedy="Give the path")
    folder = "takes no images" if words(".")[0] in ("quantize", "eval") else "is a directory"
    refused(*words("."), says=folder, remedy="ave ")
    Path("empty.npz").touch()
    refused(*words("empty.npz"), says="'empty.npz' is not a .npz or .npy file", remedy="savez")
    refused(*words(str(models / "float.tflite")), says="is not a .npz or .npy file of numbers")
    whole = (models / "x.npz").read_bytes()
    Path("cut.npz").write_bytes(whole[: len(whole) // 2])
    refused(*words("cut.npz"), says="cut.npz' is ")
    for position in (2, len(whole) // 3):
        Path("flipped.npz").write_bytes(
            whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1 :]
        )
        refused(*words("flipped.npz"), says="flipped.npz")
    np.savez("other.npz", a=np.zeros((3, 5)), b=np.zeros(4))
    refused(*words("other.npz"), says="none fits the input [n, 8, 8, 2]", remedy="as 'x'")
    np.savez("labels.npz", y=np.zeros(4))
    refused(*words("labels.npz"), says="There are no samples", remedy="Save them as 'x'")
    np.savez("nothing.npz")
    refused(*words("nothing.npz"), says="There are no samples", remedy="Save them as 'x'")


@pytest.mark.parametrize("taker", ["quantize", "eval"])
def test_constant_samples(refused: Refused, models: Path, taker: str) -> None:
    np.save("flat.npy", np.ones((20, 8, 8, 2), np.float32))
    refused(*TAKERS[taker](models, "flat.npy"), says="All values for input", remedy="real samples")


@pytest.mark.parametrize(
    ("command", "model", "option"),
    [
        ("quantize", "two_float", "--calib"),
        ("eval", "two_int8", "--data"),
        ("run", "two_int8", "--input"),
        ("verify", "two_int8", "--inputs"),
    ],
)
def test_several_inputs(
    refused: Refused, models: Path, command: str, model: str, option: str
) -> None:
    words = (command, models / f"{model}.tflite", option)
    more = ("-o", "out.tflite") if command == "quantize" else ()
    x = np.random.default_rng(0).normal(size=(12, 6)).astype(np.float32)
    np.savez("a.npz", a=x)
    refused(*words, "a.npz", *more, says="no samples for input 'b'", remedy="inputs' names: a, b")
    np.save("x.npy", x)
    refused(*words, "x.npy", *more, says="no samples for input 'a'", remedy="inputs' names: a, b")
    np.savez("uneven.npz", a=x, b=x[:5])
    refused(*words, "uneven.npz", *more, says="different numbers of samples", remedy="as many")


def test_labels(refused: Refused, cli: Cli, models: Path) -> None:
    def given(labels: Any, says: str, remedy: str) -> None:
        np.save("y.npy", labels)
        for taker in ("quantize", "eval"):
            words = TAKERS[taker](models, str(models / "x.npy"))
            refused(*words, "--labels", "y.npy", says=says, remedy=remedy)

    given(np.zeros(7, int), "7 labels for 30 samples", "one label for each")
    given(np.full(30, 1.5), "not class numbers", "0, 1, 2")
    given(np.full(30, np.nan), "not class numbers", "0, 1, 2")
    given(np.full(30, "cat"), "not class numbers", "0, 1, 2")
    given(np.full(30, 99), "outside of the model's 3 classes", "belong together")
    np.savez("short.npz", x=np.load(models / "x.npy"), y=np.zeros(29))
    for taker in ("quantize", "eval"):
        refused(*TAKERS[taker](models, "short.npz"), says="29 labels for 30 samples")
    words = ("eval", models / "int8.tflite", "--data", models / "x.npy")
    refused(*words, says="nothing to compare with", remedy="--labels Y.npy")
    refused(*words, "--labels", "nosuch.npy", says="There is no file 'nosuch.npy'")
    np.save("y.npy", np.eye(3)[np.arange(30) % 3])
    assert cli(*words, "--labels", "y.npy").status == 0  # one-hot


def test_a_reference_that_does_not_belong(refused: Refused, models: Path) -> None:
    words = ("eval", models / "int8.tflite", "--data", models / "x.npz", "--reference")
    refused(*words, "nosuch.tflite", says="no such file")
    refused(*words, models / "two_float.tflite", says="The model has 2 inputs, 1 were given")


def test_what_calibrates_is_what_the_figures_are_of(cli: Cli, models: Path) -> None:
    x = np.load(models / "x.npy")
    x[4] *= 30
    np.savez("loud.npz", x=x, y=np.arange(30) % 3)
    model = models / "float.tflite"
    words = ("quantize", model, "--calib", "loud.npz", "--tries", 1, "-o", "q.tflite")
    done = cli(*words, "-n", 28, "--json")
    assert any("(sample 4): scaled down" in text for text in done.json["warnings"])
    assert done.json["calibration_samples"] == 28 and done.json["evaluated_samples"] == 30
    assert done.json["sqnr_db"] > 20
    x[4, 3, 3] += 3000
    np.savez("loud.npz", x=x, y=np.arange(30) % 3)
    done = cli(*words, "-n", 28, "--json")
    assert any("(sample 4): left out" in text for text in done.json["warnings"])
    assert done.json["calibration_samples"] == 27 and done.json["evaluated_samples"] == 29
    assert done.json["sqnr_db"] > 20 and done.json["layer_samples"] == 29
    assert cli(*words, "--keep-outliers", "--json").json["sqnr_db"] < 20
