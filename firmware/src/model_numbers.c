/* SPDX-License-Identifier: Apache-2.0
 * The model's image in a project that is whole wherever it lies: no assembler is told where a file
 * is. On AVR it is copied to RAM at start-up, as all constants are, since flash cannot be pointed
 * to.
 */
#include "app.h"

const uint8_t ei_image[] __attribute__((aligned(EI_IMAGE_ALIGN))) = {
#include "model.inc"
};
const uint32_t ei_image_bytes = sizeof ei_image;
