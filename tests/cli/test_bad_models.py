# SPDX-License-Identifier: Apache-2.0
"""Models that cannot be right, and wrong arguments: one sentence, a remedy, status 2."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Done, listing

Refused = Callable[..., Done]
COMMANDS = ("inspect", "plan", "verify")


def damaged(models: Path, name: str, change: Callable[[bytearray], bytes | bytearray]) -> Path:
    path = Path("bad.tflite")
    path.write_bytes(change(bytearray((models / name).read_bytes())))
    return path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("keep", [0, 3, 20, 0.1, 0.5, 0.9, 0.99])
def test_truncated(refused: Refused, models: Path, command: str, keep: float) -> None:
    path = damaged(models, "int8.tflite", lambda b: b[: int(keep if keep > 1 else keep * len(b))])
    refused(command, path, says="bad.tflite: ")


def test_no_tflite(refused: Refused, models: Path) -> None:
    for command in COMMANDS:
        refused(command, models / "x.npz", says="This is not a .tflite model", remedy="Give a file")
        refused(command, "nosuch.tflite", says="no such file", remedy="Give the path")
        refused(command, ".", says="is a directory", remedy="Give the path")
    refused("quantize", "nosuch.tflite", "--calib", models / "x.npz", says="no such file")


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bits_are_refused_or_harmless(cli: Cli, models: Path, seed: int) -> None:
    rng = random.Random(seed)

    def flip(data: bytearray) -> bytearray:
        for _ in range(rng.choice([1, 3])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return data

    words: tuple[object, ...]
    if seed % 2:
        path = damaged(models, "int8.tflite", flip)
        words = rng.choice([("plan", path), ("verify", path, "-n", 1), ("inspect", path)])
    else:
        path = damaged(models, "float.tflite", flip)
        words = ("quantize", path, "--calib", models / "x.npz", "-o", "out.tflite")
    done = cli(*words, "--json")
    if "error" in done.json:
        assert done.status in (1, 2)
        assert "edgeinfer itself failed" not in done.json["error"]
        assert done.json["remedy"]
        assert not Path("out.tflite").exists()
    assert {Path(p).name for p in listing(Path.cwd())} <= {
        "bad.tflite",
        "out.tflite",
        "out.json",
    }


def test_a_shape_that_the_layer_does_not_make(refused: Refused, models: Path) -> None:
    from edgeinfer import tflite

    graph = tflite.read_file(models / "int8.tflite")
    pooled = next(n.outputs[0] for n in graph.nodes if n.op == "MAX_POOL_2D")
    tflite.write_file("bad.tflite", graph.with_tensor(pooled, shape=(1, 4, 4000, 4)))
    for command in ("plan", "verify"):
        refused(command, "bad.tflite", says="makes (1, 4, 4, 4), not (1, 4, 4000, 4)")


def test_an_unsupported_operator(refused: Refused, models: Path) -> None:
    for words in (("plan",), ("verify",), ("flash", "--board", "microbit")):
        refused(
            words[0],
            models / "unique.tflite",
            *words[1:],
            says="layer 0 (UNIQUE 'y'): operator UNIQUE is not supported",
            remedy="Supported operators: ABS, ADD, ",
        )
        refused(
            words[0],
            models / "square.tflite",
            *words[1:],
            says="layer 0 (SQUARE 'y'): type int8 (tensor 'x') is not supported",
        )


def test_an_int8_model_where_float_is_wanted(refused: Refused, models: Path) -> None:
    refused(
        "quantize",
        models / "int8.tflite",
        "--calib",
        models / "x.npz",
        says="The model is quantized already",
        remedy="Give the float32 model",
    )
    refused(
        "eval",
        models / "int8.tflite",
        "--data",
        models / "x.npz",
        "--reference",
        models / "int8.tflite",
        says="is not a float model",
        remedy="that the quantized one was made from",
    )


def test_output_folders(refused: Refused, models: Path) -> None:
    quantize = ("quantize", models / "float.tflite", "--calib", models / "x.npz", "-o")
    plan = ("plan", models / "int8.tflite", "-o")
    run = ("run", models / "int8.tflite", "--input", models / "x.npz", "--output")
    Path("folder.npy").mkdir()
    for words, name in ((quantize, "o.tflite"), (plan, "o.tflite"), (run, "o.npy")):
        refused(*words, f"no/such/{name}", says="There is no folder", remedy="Create it")
        refused(*words, "folder.npy", says="is not a file")
        refused(*words, "/dev/null", says="no .npy" if words is run else "is not a file")
        if os.access("/proc", os.R_OK):  # where even root may not write
            refused(*words, f"/proc/{name}", says="Cannot write '/proc/", remedy="may write to")
    refused(*run, "y.txt", says="is no .npy or .npz file")
    refused(*quantize, "o.json", says="would be the recipe's name")
    refused(*quantize, models / "float.tflite", says="would be overwritten", remedy="with -o")


def test_a_full_disk_leaves_nothing(
    refused: Refused, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    words = ("quantize", models / "float.tflite", "--calib", models / "x.npz", "-o", "o.tflite")
    refused(*words, says="no space left on device", remedy="not full")


def test_several_outputs_do_not_go_into_one_npy(refused: Refused, models: Path) -> None:
    words = ("run", models / "two_int8.tflite", "--input", models / "two.npz", "--output", "y.npy")
    refused(*words, says="has 2 outputs", remedy="Write y.npz instead")


def test_recipes(refused: Refused, models: Path) -> None:
    words = ("quantize", models / "float.tflite", "--calib", models / "x.npz", "-o", "o.tflite")
    Path("list.json").write_text("[1]")
    Path("wrong.json").write_text('{"settings": {"percentile": "high", "magic": 1}}')
    refused(*words, "--recipe", "nosuch.json", says="Cannot read the recipe 'nosuch.json'")
    refused(*words, "--recipe", "list.json", says="'list.json' is not a recipe", remedy="wrote")
    refused(*words, "--recipe", models / "x.npz", says="is not a recipe")
    refused(*words, "--recipe", "wrong.json", says="The setting 'percentile' is 'high'")
    refused(*words, "--percentile", "30", says="30.0 is no percentile", remedy="above 50")
    refused(*words, "--percentile", "nan", says="nan is no percentile")


@pytest.mark.parametrize(
    ("words", "says", "remedy"),
    [
        (("quantise", "m"), "There is no command 'quantise'", "Did you mean quantize?"),
        (("run", "m"), "arguments are required: --input", "edgeinfer run --help"),
        (("inspect", "m", "--nosuch"), "Unrecognized arguments: --nosuch", "--help"),
        (("verify", "m", "-n", "0"), "-n: 0 is not a whole number above 0", "verify --help"),
        (("verify", "m", "-n", "-3"), "-n: -3 is not a whole number above 0", "verify --help"),
        (("verify", "m", "--seed", "-1"), "--seed: -1 is not a whole number", "verify --help"),
        (("quantize", "m", "--calib", "x", "-n", "0"), "-n: 0 is not a whole number", "--help"),
        (("eval", "m", "--data", "x", "-n", "0"), "-n: 0 is not a whole number", "eval --help"),
        (("bench", "m", "--board", "b", "--runs", "0"), "--runs: 0 is not", "bench --help"),
        (("run", "m", "--input", "x", "--board", "b", "--port", "p"), "not allowed with", "help"),
    ],
)
def test_wrong_arguments(refused: Refused, words: tuple[str, ...], says: str, remedy: str) -> None:
    refused(*words, says=says, remedy=remedy)
