/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole public API. The caller owns all memory; nothing here allocates, keeps state outside of
 * it, or uses floating point (kernels of float32 tensors excepted). This file is also what Python's
 * cffi reads.
 */
#ifndef EDGEINFER_H
#define EDGEINFER_H

#ifndef EI_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum ei_limits {
  EI_VERSION = 3,        /* of the image format; any other one is refused */
  EI_MAX_RANK = 6,       /* dimensions of an input or output */
  EI_IMAGE_ALIGN = 16,   /* bytes: alignment of an image's first byte */
  EI_DATA_ALIGN = 8,     /* bytes: alignment of its constants, which no kernel wants coarser */
  EI_ARENA_ALIGN = 16,   /* bytes: alignment of the arena's first byte */
  EI_MAX_LOOPS = 1048576 /* jumps back in one inference; a model that takes more is stopped */
};

enum ei_error {
  EI_OK = 0,
  EI_ERR_SIZE = -1,    /* shorter than its own parts say, or not aligned */
  EI_ERR_FORMAT = -2,  /* not an image: identifier or structure is wrong */
  EI_ERR_VERSION = -3, /* made for another version of this library */
  EI_ERR_CRC = -4,     /* bytes were changed after the image was made */
  EI_ERR_KERNEL = -5,  /* uses a kernel that was not linked */
  EI_ERR_PARAMS = -6,  /* a kernel's parameters contradict each other */
  EI_ERR_BOUNDS = -7,  /* a step would leave the arena, its part of it or the image's data */
  EI_ERR_LOOP = -8,    /* a loop of the model does not end */
};

enum ei_dtype {
  EI_INT8 = 0,
  EI_FLOAT32 = 1,
  EI_INT16 = 2,
  EI_INT32 = 3,
  EI_UINT8 = 4,
  EI_BOOL = 5,
  EI_INT64 = 6,
  EI_UINT32 = 7,
  EI_UINT64 = 8
};

/* One kernel call. Its operands are addressed by byte offsets into the arena, or into the image's
 * data where a flag says so. A kernel makes the output rows y0 <= y < y1; `in` is the place of
 * input row in_y0 and `out` that of output row y0, so a band of rows needs no other code than a
 * whole. */
typedef struct {
  uint16_t kernel;  /* EI_KERNEL_... */
  uint16_t layer;   /* index of the layer this step belongs to */
  uint32_t params;  /* byte offset of the kernel's parameters in the image's params */
  uint32_t in[2];   /* byte offsets of the operands */
  uint32_t out;     /* byte offset of the result */
  uint32_t scratch; /* byte offset of the scratch memory */
  uint16_t y0;      /* first output row */
  uint16_t y1;      /* one past the last output row */
  uint16_t in_y0;   /* the input row that in[0] and in[1] point to */
  uint16_t flags;   /* EI_STEP_... */
} ei_step;

enum ei_step_flags {
  EI_STEP_IN0_CONST = 1, /* in[0] is an offset into the image's data */
  EI_STEP_IN1_CONST = 2, /* in[1] is an offset into the image's data */
};

/* A step in less than half the bytes: of a small model, for all output rows or as bands say. */
typedef struct {
  uint8_t kernel;
  uint8_t layer;
  uint16_t params; /* in words of 4 bytes */
  uint16_t in[2];
  uint16_t out;
  uint16_t scratch;
  uint8_t rows; /* how many, from row 0 on */
  uint8_t flags;
} ei_short_step;

/* A short step for other rows and places: what plans in bands have many of. */
typedef struct {
  uint8_t step;  /* index of the short step that it is like */
  uint8_t y0;    /* first output row */
  uint8_t rows;  /* how many of them */
  uint8_t in_y0; /* the input row that the operands point to */
  uint16_t in0;  /* byte offset of the first operand */
  uint16_t out;  /* byte offset of the result */
} ei_band;

/* An input or output of the model. */
typedef struct {
  uint32_t offset;            /* bytes from the start of the arena */
  uint32_t bytes;             /* its size */
  float scale;                /* real = scale * (q - zero_point); 0 for float */
  int32_t zero_point;         /* -128..127 for int8 */
  uint8_t dtype;              /* EI_INT8 ... */
  uint8_t rank;               /* number of dims, 0..EI_MAX_RANK */
  uint16_t reserved;          /* 0 */
  uint32_t dims[EI_MAX_RANK]; /* outermost first */
} ei_io;

/* An image as ei_verify found it: pointers into the caller's bytes, nothing copied.
 *
 * An arena is one block of arena_bytes, but two of its parts may lie elsewhere: the caller then
 * sets `state` or `slow` after ei_verify. What is left is the arena. Nothing reaches from one part
 * into another. */
typedef struct {
  const ei_step *steps; /* NULL: they are short, */
  const ei_short_step *short_steps;
  const ei_band *bands; /* and these are run, each like one of them; NULL: they themselves */
  const uint8_t *params;
  const uint8_t *data;
  const ei_io *inputs;
  const ei_io *outputs;
  const char *name;      /* not terminated; name_bytes long */
  const uint8_t *layers; /* vector of layer names, or NULL when stripped */
  uint32_t n_steps;      /* that are run */
  uint32_t params_bytes;
  uint32_t data_bytes;
  uint32_t n_inputs;
  uint32_t n_outputs;
  uint32_t name_bytes;
  uint32_t n_layers;
  uint32_t arena_bytes;   /* everything that an inference needs, scratch included */
  uint32_t target;        /* class of core whose weight layout this is; informative */
  uint32_t selftest_seed; /* of the input that ei_selftest_input makes */
  uint32_t selftest_crc;  /* CRC-32 of all outputs for it, in order */
  uint32_t reset_steps;   /* the first steps, which ei_reset runs and ei_invoke does not */
  uint32_t state_bytes;   /* the arena's first bytes, if they hold the state and nothing else;
                             0: it lies anywhere, or there is none */
  uint32_t fast_bytes;    /* the arena's bytes from here on are meant for slower memory */
  uint8_t *state;         /* where the first state_bytes are; NULL: at the start of the arena */
  uint8_t *slow;          /* where those from fast_bytes on are; NULL: after the others */
} ei_model;

/* Called with the step's index before (begin = 1) and after (begin = 0) each step. */
typedef void (*ei_profile)(void *context, uint32_t step, int begin);

/* Check untrusted bytes and describe them in *model. After EI_OK nothing in the image can make a
 * kernel read or write outside the image and arena_bytes of arena. */
int ei_verify(const uint8_t *image, size_t size, ei_model *model);

/* Put the model's state to its start: needed once before the first ei_invoke, and whenever a new
 * sequence begins. Inputs and outputs may be overwritten. Without state it does nothing. */
int ei_reset(const ei_model *model, uint8_t *arena);

/* Run one inference; inputs and outputs are in the arena where model->inputs and ->outputs say. The
 * input's bytes may be overwritten; state stays in the arena for the next one. The model must come
 * from ei_verify; profile may be NULL. EI_ERR_LOOP is the only error. */
int ei_invoke(const ei_model *model, uint8_t *arena, ei_profile profile, void *context);

/* CRC-32 (IEEE 802.3) of n bytes, continuing from crc; start with 0. */
uint32_t ei_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

/* Where a byte of the arena is, as model->inputs and ->outputs say it. */
uint8_t *ei_at(const ei_model *model, uint8_t *arena, uint32_t offset);

/* Fill the model's inputs with the pseudo-random values of its self-test. */
void ei_selftest_input(const ei_model *model, uint8_t *arena);

/* CRC-32 over all outputs, in order. */
uint32_t ei_output_crc(const ei_model *model, const uint8_t *arena);

/* Index of the layer that a step belongs to; step < n_steps. */
uint16_t ei_step_layer(const ei_model *model, uint32_t step);

/* Name of a layer, not terminated; its length goes to *bytes. NULL when stripped. */
const char *ei_layer_name(const ei_model *model, uint32_t layer, uint32_t *bytes);

/* Bytes of scratch that a kernel needs with these parameters. */
uint32_t ei_scratch_bytes(uint16_t kernel, const void *params);

#ifdef __cplusplus
}
#endif
#endif
