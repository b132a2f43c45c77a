# SPDX-License-Identifier: Apache-2.0
"""The commands that need no board, as they should go."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from edgeinfer import tflite
from edgeinfer.boards import emulator
from edgeinfer.cli.app import COMMANDS
from edgeinfer.quantize import Settings
from tests.cli.conftest import Cli, listing


@pytest.mark.parametrize("command", [module.NAME for module in COMMANDS])
def test_help_has_examples_that_the_parser_takes(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert done.status == 0
    examples = done.out.split("examples:\n")[1].splitlines()
    assert examples
    for example in examples:
        words = example.split("#")[0].rpartition("|")[2].split()  # behind a pipe, too
        assert words[:2] == ["edgeinfer", command]
        assert "The following arguments" not in (refusal := cli(*words[1:]).err)
        assert "nrecognized" not in refusal


def test_without_a_command_it_says_how(cli: Cli) -> None:
    done = cli()
    assert done.status == 2
    assert "quantize" in done.err
    assert cli("--version").out.startswith("edgeinfer ")


def test_quantize(cli: Cli, models: Path, folder: Path) -> None:
    model = folder / "net.tflite"
    model.write_bytes((models / "float.tflite").read_bytes())
    done = cli("quantize", model, "--calib", models / "x.npz", "-n", 20, "--json")
    assert done.status == 0
    assert done.json["output"] == str(folder / "net_int8.tflite")
    assert done.json["model_bytes"] == (folder / "net_int8.tflite").stat().st_size
    assert done.json["calibration_samples"] == 20
    assert done.json["evaluated_samples"] == 30
    for key in ("top1", "float_top1", "agreement", "sqnr_db", "arena_bytes", "image_bytes"):
        assert done.json[key] > 0
    assert [row["layer"] for row in done.json["layers"]] == [-1, 0, 1, 2, 3, 4]
    assert done.json["layer_samples"] == 30
    settings = json.loads((folder / "net_int8.json").read_text())["settings"]
    assert settings == Settings().as_dict()
    assert {Path(name).name for name in listing(folder)} == {
        "net.tflite",
        "net_int8.tflite",
        "net_int8.json",
    }


def test_a_recipe_repeats_a_run(cli: Cli, models: Path, folder: Path) -> None:
    first = ("quantize", models / "float.tflite", "--calib", models / "x.npy")
    assert cli(*first, "-o", "a.tflite", "--ranges", "minmax", "--per-tensor").status == 0
    assert cli(*first, "-o", "b.tflite", "--recipe", "a.json").status == 0
    assert (folder / "a.tflite").read_bytes() == (folder / "b.tflite").read_bytes()
    assert cli(*first, "-o", "c.tflite", "--recipe", "a.json", "--io", "float32").status == 0
    graph = tflite.read_file(folder / "c.tflite")
    assert graph.tensors[graph.inputs[0]].dtype == np.float32


def test_two_inputs(cli: Cli, models: Path) -> None:
    done = cli(
        "quantize", models / "two_float.tflite", "--calib", models / "two.npz", "-o", "t.tflite"
    )
    assert done.status == 0
    reference = ("--reference", models / "two_float.tflite")
    made = cli("eval", "t.tflite", "--data", models / "two.npz", *reference, "--json")
    assert made.json["sqnr_db"] > 20
    assert cli("run", "t.tflite", "--input", models / "two.npz", "--output", "y.npz").status == 0
    assert {array.shape[0] for array in np.load("y.npz").values()} == {12}
    assert cli("verify", "t.tflite", "--inputs", models / "two.npz").status == 0


def test_inspect(cli: Cli, models: Path) -> None:
    done = cli("inspect", models / "int8.tflite")
    assert re.search(r"^microbit +yes +[\d,]+ B +[\d,]+ B +[\d.,]+ ms$", done.out, re.MULTILINE)
    data = cli("inspect", models / "int8.tflite", "--json").json
    assert data["macs"] == sum(layer["macs"] for layer in data["layers"]) > 0
    assert data["boards"]
    assert "'edgeinfer quantize' makes it int8" in cli("inspect", models / "float.tflite").out
    for board in data["boards"]:
        assert board["fits"] == (min(board["ram_spare_bytes"], board["flash_spare_bytes"]) >= 0)
    assert "does not run 1 layer " in cli("inspect", models / "unique.tflite").out
    assert "none: layer 0 (SQUARE 'y'): type int8" in cli("inspect", models / "square.tflite").out
    wide = cli("inspect", models / "wide.tflite", "--json").json
    assert {b["board"]: b["fits"] for b in wide["boards"]}["microbit"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("verify", "-n", 3),
        ("run", "--input", "x.npy"),
        ("run", "--board", "mps2-an386", "--input", "x.npy"),
        ("eval", "--board", "mps2-an386", "--data", "x.npz", "-n", 5),
    ],
)
def test_a_float_model_runs_with_a_hint(cli: Cli, models: Path, words: tuple[str, ...]) -> None:
    path = models / "float.tflite"
    files = [models / word if str(word).startswith("x.") else word for word in words[1:]]
    done = cli(words[0], path, *files)
    emulator.stop("mps2-an386")
    assert done.status == 0, done.err
    assert f"'edgeinfer quantize {path} --calib SAMPLES.npz' makes it smaller" in done.err


def test_plan(cli: Cli, models: Path, folder: Path) -> None:
    data = cli("plan", models / "int8.tflite", "-o", "planned.tflite", "--json").json
    assert data["optimal"] is True
    assert data["arena_bytes"] == data["lower_bound_bytes"]
    assert b"OfflineMemoryAllocation" in (folder / "planned.tflite").read_bytes()
    assert cli("plan", models / "int8.tflite", "--board", "microbit").status == 0


@pytest.mark.parametrize(
    ("ending", "begin"), [("svg", b"<svg"), ("html", b"<!do"), ("png", b"\x89PNG")]
)
def test_plan_draws(cli: Cli, models: Path, folder: Path, ending: str, begin: bytes) -> None:
    done = cli("plan", models / "int8.tflite", "--plot", f"plan.{ending}")
    assert done.out.splitlines()[-1] == f"Drew plan.{ending}."
    assert (folder / f"plan.{ending}").read_bytes().startswith(begin)


def test_plan_says_what_would_lower_the_arena(cli: Cli, models: Path) -> None:
    data = cli("plan", models / "int8.tflite", "--json").json
    assert all(re.search(r"down to [\d,]+ bytes, then \w+", line) for line in data["lower"])
    assert data["lower"]
    done = cli("plan", models / "wide.tflite").out
    assert re.search(r"What would lower it:\n  nothing alone: \w+ .* need as much each", done)


@pytest.mark.parametrize(
    ("model", "memory"), [("wide", "RAM is short by"), ("heavy", "flash is short by")]
)
def test_plan_says_no_with_the_bytes(cli: Cli, models: Path, model: str, memory: str) -> None:
    done = cli("plan", models / f"{model}.tflite", "--board", "microbit")
    assert done.status == 1
    assert memory in done.out.splitlines()[-1]
    data = cli("plan", models / f"{model}.tflite", "--board", "microbit", "--json")
    assert data.status == 1
    assert data.json["fits"] is False
    assert memory in data.json["reason"]


def test_run(cli: Cli, models: Path, folder: Path) -> None:
    words = ("run", models / "int8.tflite", "--input", models / "x.npz")
    data = cli(*words, "--output", "y.npy", "--json").json
    raw = np.load(folder / "y.npy")
    assert raw.dtype == np.int8
    assert np.array_equal(raw.reshape(30, -1), [each[0] for each in data["outputs"]])
    assert data["samples"] == len(data["real"]) == 30
    text = cli(*words).out
    assert text.startswith(f"30 samples on host, CRC-32 {data['output_crc32']:08x}")
    one = folder / "one.npy"
    np.save(one, np.load(models / "x.npy")[0])
    assert cli("run", models / "int8.tflite", "--input", one).out.startswith("1 sample on host")
    assert cli("run", models / "float.tflite", "--input", models / "x.npz").status == 0


def test_verify(cli: Cli, models: Path) -> None:
    done = cli("verify", models / "int8.tflite", "-n", 5)
    assert done.out.startswith("0 of 15 bytes differ over 5 inputs: host against")
    data = cli("verify", models / "int8.tflite", "-n", 5, "--json").json
    assert (data["mismatched_bytes"], data["compared_bytes"]) == (0, 15)
    assert cli("verify", models / "int8.tflite", "--inputs", models / "x.npz").status == 0


def test_verify_says_no_and_where(cli: Cli, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeinfer import verify

    class Wrong(verify.NumpyReference):
        name = "a wrong reference"

        def run(self, inputs: object) -> list[np.ndarray]:  # type: ignore[override, type-arg]
            return [x ^ 1 for x in super().run(inputs)]  # type: ignore[arg-type]

    monkeypatch.setattr("edgeinfer.cli.verify.oracle", Wrong)
    done = cli("verify", models / "int8.tflite", "-n", 2)
    assert done.status == 1
    assert "First difference: input 0, layer 0 (CONV_2D" in done.out
    assert cli("verify", models / "int8.tflite", "--json").status == 1


def test_eval(cli: Cli, models: Path) -> None:
    words = ("--data", models / "x.npz", "--json")
    exact = cli("eval", models / "float.tflite", *words).json
    assert exact["top1"] is not None
    assert exact["agreement"] is None
    data = cli(
        "eval", models / "int8.tflite", *words, "--reference", models / "float.tflite", "-n", 25
    ).json
    assert data["n"] == 25
    assert data["sqnr_db"] > 20
    assert [row["layer"] for row in data["layers"]] == [-1, 0, 1, 2, 3, 4]
    text = cli(
        "eval", models / "int8.tflite", *words[:2], "--reference", models / "float.tflite"
    ).out
    assert "Layer by layer against float, on 30 samples:" in text
    assert "range used" in text
    same = cli("eval", models / "float.tflite", *words, "--reference", models / "float.tflite").json
    assert (same["sqnr_db"], same["exact"], same["agreement"]) == (None, True, 100)


def test_eval_is_fast(cli: Cli, shared: Path) -> None:
    done = cli(
        "eval",
        shared / "models" / "int8" / "kws01_int8.tflite",
        "--data",
        shared / "data" / "kws01.npz",
        "--reference",
        shared / "models" / "float" / "kws01_float.tflite",
        "--json",
    )
    assert done.json["n"] == 500
    assert done.json["top1"] > 88


def test_eval_of_a_float_model_that_computes_its_shapes(cli: Cli, shared: Path) -> None:
    model = shared / "models" / "float" / "mobilenet_v1_025_128_float.tflite"
    data = ("--data", shared / "data" / "patches128_u8.npz", "--scale", "127.5", "--offset", "-1")
    done = cli("eval", model, *data, "--reference", model, "-n", "1", "--json")
    assert done.json["exact"] is True


def test_nothing_is_printed_that_json_does_not_have() -> None:
    from edgeinfer.cli.app import plain

    values = {"a": (float("nan"), np.float32("inf"), np.int64(3)), "b": np.array([1.0, np.nan])}
    assert plain(values) == {"a": [None, None, 3], "b": [1.0, None]}
