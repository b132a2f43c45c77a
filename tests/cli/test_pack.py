# SPDX-License-Identifier: Apache-2.0
"""edgeinfer plan --buffers: any buffers from a CSV."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Done
from tests.pack_instances import CAPACITY, perfect

Refused = Callable[..., Done]
SMALL = "b1,0,3,4\nb2,3,9,4\nb3,0,9,4\nb4,9,21,4\nb5,0,21,4\n"  # of MiniMalloc's README: 12 bytes


def write(count: int, seed: int) -> Path:
    path = Path("buffers.csv")
    rows = [f"{b.id},{b.first},{b.last + 1},{b.size}\n" for b in perfect(count, seed, count)]
    path.write_text("id,lower,upper,size\n" + "".join(rows))
    return path


def assert_packed(rows: list[dict[str, str]], arena: int) -> None:
    lives = [tuple(int(r[k]) for k in ("lower", "upper", "size", "offset")) for r in rows]
    for i, (first, end, size, at) in enumerate(lives):
        assert at >= 0 and at + size <= arena
        for first2, end2, size2, at2 in lives[:i]:
            assert end <= first2 or end2 <= first or at + size <= at2 or at2 + size2 <= at


@pytest.mark.parametrize(
    "header", ["", "id,lower,upper,size\n", "\ufeffbuffer,start,end,size\r\n", "# five\n\n"]
)
def test_small(cli: Cli, header: str) -> None:
    Path("in.csv").write_text(header + SMALL)
    done = cli("plan", "--buffers", "in.csv", "--capacity", 12, "-o", "out.csv", "--json")
    assert done.status == 0
    result = done.json
    assert (result["arena_bytes"], result["lower_bound_bytes"], result["optimal"]) == (12, 12, True)
    assert result["fits"] and set(result["offsets"]) == {"b1", "b2", "b3", "b4", "b5"}
    with Path("out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "lower", "upper", "size", "offset"]
    assert {r["id"]: int(r["offset"]) for r in rows} == result["offsets"]
    assert_packed(rows, 12)
    again = cli("plan", "--buffers", "out.csv", "--json").json
    assert again["offsets"] == result["offsets"]


def test_columns_in_another_order(cli: Cli) -> None:
    Path("in.csv").write_text("size,id,upper,lower\n4,x,3,0\n5,y,3,2\n")
    assert cli("plan", "--buffers", "in.csv", "--json").json["arena_bytes"] == 9


def test_a_hundred_and_fifty_four_fill_a_mebibyte(cli: Cli) -> None:
    done = cli("plan", "--buffers", write(154, 1), "--capacity", CAPACITY, "--json")
    assert done.status == 0
    assert (done.json["arena_bytes"], done.json["optimal"]) == (CAPACITY, True)
    assert len(done.json["offsets"]) == 154 and done.json["seconds"] < 60


def test_proven_not_to_fit(cli: Cli) -> None:
    Path("in.csv").write_text(SMALL)
    done = cli("plan", "--buffers", "in.csv", "--capacity", 11)
    assert done.status == 1
    assert "cannot fit 11 B: that is proven" in done.out
    done = cli("plan", "--buffers", "in.csv", "--capacity", 11, "--json")
    assert (done.status, done.json["fits"], done.json["impossible"]) == (1, False, True)


def test_not_found_in_the_time(cli: Cli) -> None:
    start = time.monotonic()
    path = write(454, 2)
    done = cli("plan", "--buffers", path, "--capacity", CAPACITY, "--time", 0.05)
    assert done.status == 1 and time.monotonic() - start < 20
    assert "was found, nor proven impossible: give more --time" in done.out
    assert "not proven; 1,048,576 B at the least" in done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'in.csv' has no buffers"),
        ("id,lower,upper,size\n", "'in.csv' has no buffers"),
        ("a,0,1,4\nb,0,1\n", "in.csv, line 2: There are 3 columns"),
        ("a,0,1,4,9\n", "in.csv, line 1: There are 5 columns"),
        ("a,0,1,4\nb,0,x,4\n", "in.csv, line 2: 'x' is not a whole number"),
        ("a,0,1,4.5\n", "line 1: '4.5' is not a whole number"),
        ("a,0,1,4\n\na,1,2,4\n", "line 3: Buffer 'a' is already in line 1"),
        ("a,3,3,4\n", "line 1: Buffer 'a' ends at 3, not after 3"),
        ("a,0,1,-4\n", "line 1: Buffer 'a' has -4 bytes"),
        ("a,0,1,2147483649\n", "line 1: Buffer 'a' has 2147483649 bytes"),
        (",0,1,4\n", "line 1: The id is empty"),
        ("name,first,last,bytes\na,0,1,4\n", "line 1: 'first' is not a whole number"),
    ],
)
def test_bad_files(refused: Refused, text: str, says: str) -> None:
    Path("in.csv").write_text(text)
    refused("plan", "--buffers", "in.csv", says=says)


def test_bad_arguments(refused: Refused) -> None:
    Path("in.csv").write_text(SMALL)
    Path("bytes.csv").write_bytes(b"\xff\xfe\x00\x80")
    refused("plan", says="either a MODEL or --buffers")
    refused("plan", "m.tflite", "--buffers", "in.csv", says="either a MODEL or --buffers")
    refused("plan", "m.tflite", "--capacity", 4, says="belong to --buffers")
    refused("plan", "--buffers", "in.csv", "--board", "microbit", says="--board belongs")
    refused("plan", "--buffers", "nosuch.csv", says="no such file")
    refused("plan", "--buffers", "bytes.csv", says="not a text file")
    for value in ("0", "nan", "inf", "x"):
        refused("plan", "--buffers", "in.csv", "--time", value, says="not a number of seconds")
