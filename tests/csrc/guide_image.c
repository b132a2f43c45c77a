/* SPDX-License-Identifier: Apache-2.0
 *
 * The entry that libFuzzer calls with the images it makes (python -m tests.fuzz image).
 */
#include "try_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  try_image(bytes, size, 1 << 16);
  return 0;
}
