# SPDX-License-Identifier: Apache-2.0
"""What makes the sources a library of PlatformIO, of the Arduino IDE, or of a Makefile."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from edgeinfer.export.folder import MANIFEST


@dataclass(frozen=True)
class Library:
    """What the texts speak of."""

    name: str  # C identifier
    model: str  # the file that it was made of
    flash_bytes: int  # of the image
    ram_bytes: int  # of the arena
    input_type: str  # C type of elements, or void
    output_type: str
    small: bool  # flash is dearer than time


def platformio(lib: Library) -> dict[str, str]:
    manifest = {
        "name": lib.name,
        "version": _version(),
        "description": _sentence(lib),
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{lib.name}.h",
        # A fused multiply-add would round floats other than the PC does.
        "build": {"flags": ["-ffp-contract=off", *(["-Os"] if lib.small else [])]},
    }
    return {
        "library.json": json.dumps(manifest, indent=2) + "\n",
        f"examples/{lib.name}/{lib.name}.ino": _sketch(lib),
        "README.md": _readme(
            lib,
            "Put this folder into your project's `lib`, or name it in platformio.ini:\n\n"
            f"    lib_deps = symlink:///path/to/{lib.name}",
        ),
    }


def arduino(lib: Library) -> dict[str, str]:
    properties = {
        "name": lib.name,
        "version": _version(),
        "author": "edgeinfer",
        "maintainer": "edgeinfer",
        "sentence": _sentence(lib),
        "paragraph": f"Needs {lib.flash_bytes} bytes of constants and {lib.ram_bytes} of RAM.",
        "category": "Data Processing",
        "url": "",
        "architectures": "*",
        "includes": f"{lib.name}.h",
    }
    return {
        "library.properties": "".join(f"{key}={value}\n" for key, value in properties.items()),
        f"examples/{lib.name}/{lib.name}.ino": _sketch(lib),
        "README.md": _readme(
            lib,
            "Put this folder into the Arduino IDE's `libraries`; the sketch is then among the "
            "examples.",
        ),
    }


def c(lib: Library) -> dict[str, str]:
    return {
        "Makefile": _makefile(lib),
        "example.c": _program(lib),
        "README.md": _readme(
            lib,
            f"`make` builds `lib{lib.name}.a` and the program `example`; `CC` and `CFLAGS` choose "
            "another compiler.\nOr compile all .c files under `src` with your own project.",
        ),
    }


KINDS: dict[str, Callable[[Library], dict[str, str]]] = {
    "platformio": platformio,
    "arduino": arduino,
    "c": c,
}


def _version() -> str:
    return version("edgeinfer")


def _sentence(lib: Library) -> str:
    return f"The neural network {lib.model}, made ready by edgeinfer"


def _readme(lib: Library, use: str) -> str:
    return f"""# {lib.name}

{_sentence(lib)}: the image, the kernels that it uses, and nothing else. It takes
{lib.flash_bytes:,} bytes of constants and an arena of {lib.ram_bytes:,} bytes of RAM.

{use}

    #include <{lib.name}.h>

    {lib.name}_invoke(input, output);   // 0: done
    {lib.name}_selftest();              // 0: every byte is what the PC computed

`src/{lib.name}.h` says sizes, scales and zero points. On AVR (Uno, Mega) constants lie in RAM, so
that the image counts as RAM there.

All files are made by `edgeinfer export` and replaced by the next one; `{MANIFEST}` lists
them. License: Apache-2.0.
"""


def _fill(lib: Library, indent: str) -> str:
    """Statements for an input that a test can repeat."""
    size = f"{lib.name.upper()}_INPUT_BYTES"
    return (
        f"{indent}/* Put here what your sensor gives. */\n"
        f"{indent}for (uint32_t i = 0; i < {size}; i++) "
        "((uint8_t *)input)[i] = (uint8_t)(i * 7u);"
    )


def _buffers(lib: Library) -> str:
    upper = lib.name.upper()
    return (
        "/* 32-bit numbers, so that tensors of any type are aligned. */\n"
        f"static uint32_t input[({upper}_INPUT_BYTES + 3) / 4];\n"
        f"static uint32_t output[({upper}_OUTPUT_BYTES + 3) / 4];"
    )


def _call(lib: Library) -> str:
    return f"{lib.name}_invoke((const {lib.input_type} *)input, ({lib.output_type} *)output)"


def _sketch(lib: Library) -> str:
    n = lib.name
    return f"""// SPDX-License-Identifier: Apache-2.0
// One inference, and its output bytes on the serial line.
#include <Arduino.h>
#include <{n}.h>

{_buffers(lib)}

void setup() {{
  Serial.begin(115200);
  while (!Serial) {{
  }}
  Serial.print("self-test ");
  Serial.println({n}_selftest());
{_fill(lib, "  ")}
  const unsigned long begin = micros();
  const int result = {_call(lib)};
  const unsigned long us = micros() - begin;
  Serial.print("result ");
  Serial.print(result);
  Serial.print(" in us ");
  Serial.println(us);
  Serial.print("output");
  for (uint32_t i = 0; i < {n.upper()}_OUTPUT_BYTES; i++) {{
    Serial.print(' ');
    Serial.print(((uint8_t *)output)[i]);
  }}
  Serial.println();
}}

void loop() {{}}
"""


def _program(lib: Library) -> str:
    n = lib.name
    return f"""/* SPDX-License-Identifier: Apache-2.0
 * One inference, and its output bytes. */
#include <stdio.h>

#include "{n}.h"

{_buffers(lib)}

int main(void) {{
  printf("self-test %d\\n", {n}_selftest());
{_fill(lib, "  ")}
  printf("result %d\\noutput", {_call(lib)});
  for (uint32_t i = 0; i < {n.upper()}_OUTPUT_BYTES; i++) printf(" %d", ((uint8_t *)output)[i]);
  printf("\\n");
  return 0;
}}
"""


def _makefile(lib: Library) -> str:
    return f"""# SPDX-License-Identifier: Apache-2.0
CFLAGS ?= {"-Os" if lib.small else "-O2"} -Wall
SOURCES := $(wildcard src/*.c src/{lib.name}/*.c src/{lib.name}/kernels/*.c)
OBJECTS := $(SOURCES:src/%.c=build/%.o)

example: example.c lib{lib.name}.a
	$(CC) $(CFLAGS) -Isrc -o $@ example.c lib{lib.name}.a -lm

lib{lib.name}.a: $(OBJECTS)
	$(AR) rc $@ $^

# A fused multiply-add would round floats other than the PC that made this.
build/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) -std=c99 $(CFLAGS) -ffp-contract=off -c -o $@ $<

clean:
	rm -rf build example lib{lib.name}.a

.PHONY: clean
"""
