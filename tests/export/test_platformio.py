# SPDX-License-Identifier: Apache-2.0
"""The PlatformIO library in a project of its own: found, built, and right on an emulated board."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from platformio.package.manifest.parser import ManifestParserFactory

from edgeinfer.boards.board import load_board
from edgeinfer.boards.toolchains import TOOLCHAINS
from edgeinfer.export import export
from edgeinfer.firmware.project import memory_script
from tests.conftest import ROOT, need
from tests.export.conftest import example_output, said

BOARD = "netduinoplus2"
MAIN = """#include <first.h>
#include <second.h>
#include "app.h"
#include "port.h"

static uint32_t input[200], output[200];

static void print(const char *text) {
  while (*text) port_putc((uint8_t)*text++);
}

static void print_number(int n) {
  char digits[8];
  unsigned i = 0;
  if (n < 0) print("-"), n = -n;
  do digits[i++] = (char)('0' + n % 10);
  while ((n /= 10) > 0);
  while (i) port_putc((uint8_t)digits[--i]);
}

static void report(const char *name, int tested, uint32_t bytes) {
  print(name);
  print(" ");
  print_number(tested);
  for (uint32_t i = 0; i < bytes; i++) print(" "), print_number(((uint8_t *)output)[i]);
  print("\\r\\n");
}

void report_fault(uint32_t number, uintptr_t at) {
  (void)number, (void)at;
  print("fault\\r\\n");
}

int app_main(void) {
  port_init();
  for (uint32_t i = 0; i < sizeof input; i++) ((uint8_t *)input)[i] = (uint8_t)(i * 7u);
  first_invoke((const void *)input, (void *)output);
  report("first", first_selftest(), FIRST_OUTPUT_BYTES);
  second_invoke((const void *)input, (void *)output);
  report("second", second_selftest(), SECOND_OUTPUT_BYTES);
  print("end\\r\\n");
  for (;;) {
  }
}
"""
FIRMWARE = ("bare.c", "cpu_cortex_m.c", "port_stm32f4.c", "ring.c", "timer_systick.c")


def project(folder: Path) -> None:
    """A project whose only own file is main.c; start-up and serial line are the firmware's."""
    board = load_board(BOARD)
    generated, firmware = folder / "generated", ROOT / "firmware"
    generated.mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "src" / "main.c").write_text(MAIN)
    for file in (*FIRMWARE, *(p.name for p in (firmware / "src").glob("*.h"))):
        shutil.copy(firmware / "src" / file, folder / "src")
    shutil.copy(firmware / "link.ld", folder)
    (generated / "memory.ld").write_text(memory_script(board))
    (generated / "config.h").write_text(
        f"#define EI_CLOCK_HZ {board.clock_hz}u\n#define EI_BAUD {board.baud}u\n"
        f"#define EI_UART_BASE {board.uart_base}u\n#define EI_UART_IRQ {board.uart_irq}u\n"
        f"#define EI_STACK_BYTES {board.stack_bytes}u\n#include <stdint.h>\n"
    )
    (folder / "platformio.ini").write_text(
        f"[env:x]\nplatform = symlink://{firmware / 'platform'}\n"
        f"custom_toolchain = {TOOLCHAINS[board.toolchain].prefix}\ncustom_bare = yes\n"
        f"custom_cpu_flags = {' '.join(board.cpu_flags)}\n"
        f"custom_library_flags = {' '.join(TOOLCHAINS[board.toolchain].library_flags)}\n"
        f"custom_generated = {generated}\ncustom_csrc = {ROOT / 'csrc'}\n"
    )


def run(elf: Path) -> str:
    """What the program says on its serial line, up to "end"."""
    command = [*load_board(BOARD).emulator, "-display", "none", "-monitor", "none"]
    command += ["-serial", "stdio", "-kernel", str(elf)]
    text = ""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                text += line.decode(errors="replace")
                if line.startswith((b"end", b"fault")):
                    break
        finally:
            process.kill()
    return text


def test_two_exports_run_on_an_emulated_board(
    one: bytes, two: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm")
    project(tmp_path)
    (tmp_path / "lib").mkdir()
    export(one, tmp_path / "lib" / "first", "platformio", model="m.tflite", name="first")
    export(two, tmp_path / "lib" / "second", "platformio", model="m.tflite", name="second")
    environment = os.environ | {
        "PLATFORMIO_CORE_DIR": str(tmp_path / "core"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    }
    command = [sys.executable, "-m", "platformio", "run", "-d", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr
    text = run(tmp_path / ".pio" / "build" / "x" / "firmware.elf")
    words = said(text)
    for name, image in (("first", one), ("second", two)):
        assert [int(word) for word in words[name]] == [0, *example_output(image)], text


def test_the_manifest_is_as_platformio_reads_it(one: bytes, tmp_path: Path) -> None:
    export(one, tmp_path / "x", "platformio", model="m.tflite")
    found = ManifestParserFactory.new_from_dir(str(tmp_path / "x")).as_dict()
    assert found["name"] == "tiny"
    assert found["headers"] == ["tiny.h"]
    assert found["platforms"] == found["frameworks"] == ["*"]
