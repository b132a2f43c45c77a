/* SPDX-License-Identifier: Apache-2.0
 * The model's image, as a constant in flash. config.h changes with it, so that it is assembled anew. */
#include "config.h"

    .section .model, "a"
    .balign 16
    .global ei_image
ei_image:
    .incbin "model.bin"
end:
    .balign 4
    .global ei_image_bytes
ei_image_bytes:
    .long end - ei_image
#ifdef __linux__
    .section .note.GNU-stack, "", %progbits
#endif
