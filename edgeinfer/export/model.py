# SPDX-License-Identifier: Apache-2.0
"""The two files that a user's project sees: <name>.h, and <name>.c with the image as data."""

from __future__ import annotations

import math

from edgeinfer.image import Image, Io

_C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "float32": "float",
    "bool": "uint8_t",
}
_PER_LINE = 20  # bytes of the image


def header(facts: Image, name: str, model: str) -> str:
    """The header: functions, and what there is to know of inputs and outputs."""
    upper = name.upper()
    return f"""/* SPDX-License-Identifier: Apache-2.0
 * {_comment(model)}, made ready by edgeinfer. */
#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{_macros(facts.inputs, f"{upper}_INPUT")}
{_macros(facts.outputs, f"{upper}_OUTPUT")}
#define {upper}_ARENA_BYTES {facts.arena_bytes} /* of RAM, which the library holds */

/* One inference: reads {upper}_INPUT_BYTES, writes {upper}_OUTPUT_BYTES{_order(facts)}.
 * Returns 0, or a negative number if the library refuses its own image, which a changed byte in
 * flash would cause, or a loop does not end. A model's state goes on from call to call. Not
 * reentrant. */
int {name}_invoke(const {element(facts.inputs)} *input, {element(facts.outputs)} *output);

/* Whether this processor computes what the PC computed: 0 if all output bytes of a test are equal,
 * 1 if they differ, negative as above. A model's state is then at its start again. */
int {name}_selftest(void);

#ifdef __cplusplus
}}
#endif
#endif
"""


def source(facts: Image, image: bytes, name: str) -> str:
    """The implementation: the image as data, the arena, and two calls into the library."""
    rows = (image[at : at + _PER_LINE] for at in range(0, len(image), _PER_LINE))
    data = "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)
    return f"""/* SPDX-License-Identifier: Apache-2.0
 * The image and its arena. Weights are constants: where flash can be read as memory is, they stay
 * there. */
#include "{name}.h"

#include <string.h>

#include "{name}/edgeinfer.h"

static uint8_t arena[{max(facts.arena_bytes, 1)}] __attribute__((aligned(EI_ARENA_ALIGN)));
static const uint8_t image[{len(image)}] __attribute__((aligned(EI_IMAGE_ALIGN)));
static ei_model model;
static uint8_t ready;

static int start(void) {{
  if (ready) return EI_OK;
  int result = ei_verify(image, sizeof image, &model);
  if (result == EI_OK) result = ei_reset(&model, arena);
  ready = result == EI_OK;
  return result;
}}

int {name}_invoke(const {element(facts.inputs)} *input, {element(facts.outputs)} *output) {{
  const uint8_t *from = (const void *)input;
  uint8_t *to = (void *)output;
  int result = start();
  if (result != EI_OK) return result;
  for (uint32_t i = 0; i < model.n_inputs; i++) {{
    const ei_io *io = &model.inputs[i];
    memcpy(arena + io->offset, from, (size_t)io->bytes);
    from += io->bytes;
  }}
  result = ei_invoke(&model, arena, NULL, NULL);
  if (result != EI_OK) return result;
  for (uint32_t i = 0; i < model.n_outputs; i++) {{
    const ei_io *io = &model.outputs[i];
    memcpy(to, arena + io->offset, (size_t)io->bytes);
    to += io->bytes;
  }}
  return EI_OK;
}}

int {name}_selftest(void) {{
  int result = start();
  if (result == EI_OK) result = ei_reset(&model, arena);
  if (result != EI_OK) return result;
  ei_selftest_input(&model, arena);
  result = ei_invoke(&model, arena, NULL, NULL);
  if (result != EI_OK) return result;
  result = ei_output_crc(&model, arena) != model.selftest_crc;
  ei_reset(&model, arena);
  return result;
}}

static const uint8_t image[{len(image)}] __attribute__((aligned(EI_IMAGE_ALIGN))) = {{
{data}
}};
"""


def _macros(ios: tuple[Io, ...], name: str) -> str:
    """Sizes, and for each tensor of several its place among the others' bytes."""
    lines = [f"#define {name}_BYTES {sum(io.bytes for io in ios)}"]
    offset = 0
    for i, io in enumerate(ios):
        own = name if len(ios) == 1 else f"{name}{i}"
        shape = "x".join(str(n) for n in io.dims) or "1"
        lines.append(f"#define {own}_ELEMENTS {math.prod(io.dims)} /* {io.dtype} {shape} */")
        if len(ios) > 1:
            lines.append(f"#define {own}_OFFSET {offset} /* bytes */")
        if io.scale:
            lines.append(
                f"#define {own}_SCALE {_float(io.scale)} /* real = scale * (q - zero point) */"
            )
            lines.append(f"#define {own}_ZERO_POINT ({io.zero_point})")
        offset += io.bytes
    return "\n".join(lines) + "\n"


def _float(value: float) -> str:
    """A float32 constant of C: nine digits name each exactly."""
    text = f"{value:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def element(ios: tuple[Io, ...]) -> str:
    """The C type of the elements if there is one tensor, else void: all tensors' bytes in order."""
    return _C_TYPES[ios[0].dtype.name] if len(ios) == 1 else "void"


def _order(facts: Image) -> str:
    many = len(facts.inputs) > 1 or len(facts.outputs) > 1
    return ",\n * of several tensors one after the other" if many else ""


def _comment(text: str) -> str:
    """A name inside a C comment."""
    return "".join(c if c.isprintable() and c not in "*/\\?" else "_" for c in text)
