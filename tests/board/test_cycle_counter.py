# SPDX-License-Identifier: Apache-2.0
"""Cycles of a real board: the Arduino port on this PC, with a counter and a clock of the test's."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from edgeinfer.boards.board import load_board
from edgeinfer.firmware.flash import project
from edgeinfer.wire.device import Device, as_timed
from tests.board.fake import INFO, FakeBoard
from tests.conftest import need
from tests.export.conftest import tiny

HERE = Path(__file__).parent
MHZ = 240  # of the esp32dev
PROGRAM = r"""
#include <Arduino.h>
#include <stdio.h>
#include <stdlib.h>
extern "C" {
#include "port.h"
void say_text(const char *) {}
void paint_stack(void) {}
int app_start(void) { return 0; }
void app_turn(void) {}
}
/* Time goes by whenever somebody looks at it, a cycle at a time. */
static uint64_t passed = START;
static bool counts = COUNTS;
static void pass(uint64_t cycles) { passed += cycles; }
unsigned long micros() { return (unsigned long)(uint32_t)((passed += 60u) / MHZ); }
uint32_t Chip::getCycleCount() { return counts ? (uint32_t)(passed += 2u) : 7u; }
void Chip::restart() { abort(); }
Chip ESP;
void SerialLine::begin(unsigned long) {}
SerialLine::operator bool() { return true; }
int SerialLine::available() { return 0; }
int SerialLine::read() { return 0; }
size_t SerialLine::write(const uint8_t *, size_t n) { return n; }
void SerialLine::flush() {}
SerialLine Serial;
extern "C" void yield(void) {}

int main(void) {
  static const uint64_t spans[] = {0,          100, 1ull << 31, (1ull << 32) - 5,
                                   1ull << 32, 20000000000ull};
  timer_init();
  printf("%d %u\n", timer_cycles, (unsigned)TIMER_HZ);
  for (int i = 0; i < 6; i++) {
    timer_align();
    const uint64_t begin = timer_ticks(), us = timer_us(), before = passed;
    pass(spans[i]);
    const uint64_t ticks = timer_ticks() - begin, more = passed - before;
    printf("%llu %llu %llu\n", (unsigned long long)ticks, (unsigned long long)more,
           (unsigned long long)(timer_us() - us));
  }
  return 0;
}
"""


@pytest.fixture
def said(tmp_path: Path, request: pytest.FixtureRequest) -> list[list[int]]:
    """What the program says of a counter that counts or not, and begins somewhere."""
    counts, start = request.param
    need("g++")
    for name, text in project(tiny(), load_board("esp32dev")).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "main.cpp").write_text(PROGRAM)
    program, source = tmp_path / "program", tmp_path / "src"
    defines = ["-DARDUINO=10819", "-DESP32", f"-DMHZ={MHZ}u", f"-DCOUNTS={counts}"]
    command = ["g++", "-std=gnu++11", "-O1", "-Wall", "-Wextra", "-fsanitize=undefined"]
    command += [*defines, f"-DSTART={start}ull", f"-I{HERE / 'arduino'}", f"-I{source}"]
    files = [source / "port_arduino.cpp", tmp_path / "main.cpp"]
    subprocess.run([*command, *map(str, files), "-o", str(program)], check=True)
    shutil.rmtree(source)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True, timeout=60)
    assert not done.stderr
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


BEGINS = (0, 2**32 - 300, MHZ * 2**32 - 5000, 10**13)  # the counter or micros() is about to wrap


@pytest.mark.parametrize("said", [(1, begin) for begin in BEGINS], indirect=True)
def test_cycles_are_counted_over_wraps(said: list[list[int]]) -> None:
    """All but the few that pass while the clock itself is read, in spans of up to 83 seconds."""
    (counts, hz), *spans = said
    assert (counts, hz) == (1, MHZ * 1_000_000)
    for ticks, passed, us in spans:
        assert 0 <= passed - ticks <= 130
        assert abs(us - passed // MHZ) <= 2


@pytest.mark.parametrize("said", [(0, begin) for begin in BEGINS], indirect=True)
def test_a_counter_that_stands_still_leaves_microseconds(said: list[list[int]]) -> None:
    (counts, hz), *spans = said
    assert (counts, hz) == (0, 1_000_000)
    for ticks, passed, _ in spans:
        assert abs(ticks - passed // MHZ) <= 2


def test_the_unit_is_what_the_board_says(fake: FakeBoard) -> None:
    board = dataclasses.replace(load_board("nano33ble"), name="fake")
    for timer, hz, unit, amount in (
        ("dwt", 64_000_000, "cycles", 640),
        ("micros", 1_000_000, "us", 640),
    ):
        fake.info = INFO.replace("[none]", f"[{timer}]").replace("[1000000]", f"[{hz}]")
        with Device(fake.port) as device:
            found = as_timed(board, device.info())
        assert (found.unit, found.amount(640)) == (unit, amount)
