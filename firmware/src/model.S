/* SPDX-License-Identifier: Apache-2.0
 * The model's image, as a constant in flash. config.h changes with it, so that it is assembled anew. */
#include "config.h"

    .section .model, "a"
    .balign 16
    .global ei_image
ei_image:
    .incbin "model.bin"
    .global ei_image_end
ei_image_end:
#ifdef __linux__
    .section .note.GNU-stack, "", %progbits
#endif
