/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds-checked access to an image (image.fbs): a FlatBuffer, then the CRC-32 of its bytes.
 */
#include "exec.h"

enum { TRAILER = 4, /* bytes of CRC after the FlatBuffer */ MIN_IMAGE = 32 };

/* Fields of table Image, in schema order. */
enum field {
  VERSION,
  TARGET,
  ARENA_BYTES,
  SEED,
  CRC,
  STEPS,
  PARAMS,
  DATA,
  INPUTS,
  OUTPUTS,
  NAME,
  LAYERS,
  RESET_STEPS,
  STATE_BYTES,
  FAST_BYTES,
  SHORT_STEPS,
  BANDS
};

typedef struct {
  const uint8_t *base;
  uint32_t size;   /* of the FlatBuffer */
  uint32_t table;  /* offset of the root table */
  uint32_t vtable; /* offset of its field offsets */
  uint32_t vtable_bytes;
} reader;

static uint32_t u16(const reader *r, uint32_t at) {
  return (uint32_t)r->base[at] | (uint32_t)r->base[at + 1] << 8;
}

static uint32_t u32(const reader *r, uint32_t at) { return u16(r, at) | u16(r, at + 2) << 16; }

/* Whether count items of `bytes` each fit at `at`. */
static int fits(const reader *r, uint32_t at, uint32_t count, uint32_t bytes) {
  return (uint64_t)at + (uint64_t)count * bytes <= r->size;
}

static int open_root(reader *r) {
  r->table = u32(r, 0);
  if (memcmp(r->base + 4, "EIM1", 4) != 0 || r->table % 4 != 0 || !fits(r, r->table, 1, 4))
    return 0;
  const int64_t vtable = (int64_t)r->table - (int32_t)u32(r, r->table);
  if (vtable < 0 || vtable % 2 != 0 || vtable + 4 > (int64_t)r->size) return 0;
  r->vtable = (uint32_t)vtable;
  r->vtable_bytes = u16(r, r->vtable);
  return r->vtable_bytes >= 4 && fits(r, r->vtable, r->vtable_bytes, 1);
}

/* Offset of a 4-byte field, or 0 when it is absent (its value is then the default, 0). */
static uint32_t locate(const reader *r, enum field field) {
  const uint32_t entry = 4 + 2 * (uint32_t)field;
  if (entry + 2 > r->vtable_bytes) return 0;
  const uint32_t relative = u16(r, r->vtable + entry);
  const uint32_t at = r->table + relative;
  return relative == 0 || at % 4 != 0 || !fits(r, at, 1, 4) ? 0 : at;
}

static uint32_t scalar(const reader *r, enum field field) {
  const uint32_t at = locate(r, field);
  return at != 0 ? u32(r, at) : 0;
}

/* First item of a vector and its length; an absent one is empty. NULL if it is damaged. */
static const uint8_t *vector(const reader *r, enum field field, uint32_t bytes, uint32_t align,
                             uint32_t *count) {
  const uint32_t at = locate(r, field);
  *count = 0;
  if (at == 0) return r->base;
  const uint64_t start = (uint64_t)at + u32(r, at);
  if (start % 4 != 0 || start + 4 > r->size) return NULL;
  const uint32_t first = (uint32_t)start + 4, n = u32(r, (uint32_t)start);
  if (first % align != 0 || !fits(r, first, n, bytes)) return NULL;
  *count = n;
  return r->base + first;
}

uint32_t ei_crc32(uint32_t crc, const uint8_t *bytes, size_t n) {
  /* Four bits at a time: 64 bytes of table instead of 1 KB. */
  static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                     0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                     0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                     0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
  crc = ~crc;
  for (size_t i = 0; i < n; i++) {
    crc ^= bytes[i];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

/* Steps at full length, or short ones with or without bands. A firmware that knows its images
 * leaves out what they lack. */
static int read_steps(const reader *r, ei_model *m) {
  m->short_steps = (const void *)vector(r, SHORT_STEPS, sizeof(ei_short_step), 4, &m->n_steps);
  if (!m->short_steps) return 0;
#ifndef EI_NO_STEPS
  uint32_t n;
  m->steps = (const void *)vector(r, STEPS, sizeof(ei_step), 4, &n);
  if (!m->steps || (n != 0 && m->n_steps != 0)) return 0;
  if (m->n_steps != 0)
    m->steps = NULL;
  else
    m->n_steps = n;
#endif
#ifndef EI_NO_BANDS
  uint32_t n_bands;
  m->bands = (const void *)vector(r, BANDS, sizeof(ei_band), 4, &n_bands);
  if (!m->bands || (n_bands != 0 && m->steps)) return 0;
  for (uint32_t i = 0; i < n_bands; i++)
    if (m->bands[i].step >= m->n_steps) return 0;
  if (n_bands != 0)
    m->n_steps = n_bands;
  else
    m->bands = NULL;
#endif
  return 1;
}

static uint32_t dtype_bytes(uint8_t dtype) {
  switch (dtype) {
    case EI_INT8:
    case EI_UINT8:
    case EI_BOOL: return 1;
    case EI_INT16: return 2;
    case EI_FLOAT32:
    case EI_INT32:
    case EI_UINT32: return 4;
    case EI_INT64:
    case EI_UINT64: return 8;
    default: return 0;
  }
}

static int check_io(const ei_model *m, const ei_io *io, uint32_t n) {
  for (uint32_t i = 0; i < n; i++, io++) {
    uint64_t bytes = dtype_bytes(io->dtype);
    if (bytes == 0 || io->rank > EI_MAX_RANK || io->offset % (bytes < 4 ? (uint32_t)bytes : 4) != 0)
      return EI_ERR_FORMAT;
    for (int d = 0; d < io->rank; d++)
      if (io->dims[d] == 0 || (bytes *= io->dims[d]) > UINT32_MAX) return EI_ERR_FORMAT;
    if (bytes != io->bytes || !ei_in_arena(m, io->offset, bytes)) return EI_ERR_BOUNDS;
  }
  return EI_OK;
}

static int check_step(const ei_model *m, uint32_t index) {
  ei_call call;
  ei_step step;
  memset(&call, 0, sizeof call);
  ei_step_at(m, index, &step);
  call.y0 = step.y0, call.y1 = step.y1, call.in_y0 = step.in_y0;
  const ei_kernel *kernel = ei_find_kernel(step.kernel);
  if (kernel == NULL) return EI_ERR_KERNEL;
  if (step.params % 4 != 0 || call.y0 >= call.y1) return EI_ERR_PARAMS;

  const int reset = index < m->reset_steps;
  ei_need need = {{0, 0},
                  0,
                  1,
                  1,
                  m->data_bytes,
                  m,
                  m->params_bytes - step.params,
                  reset ? 0 : m->reset_steps,
                  reset ? m->reset_steps : m->n_steps};
  if (step.params > m->params_bytes) return EI_ERR_BOUNDS;
  call.params = m->params + step.params;
  call.data = m->data;
  const int result = kernel->check(&call, &need);
  if (result != EI_OK) return result;

  if (step.in[0] % need.in_align != 0 || step.in[1] % need.in_align != 0 ||
      step.out % need.out_align != 0)
    return EI_ERR_BOUNDS;
  for (int i = 0; i < 2; i++) {
    const unsigned constant = step.flags & (unsigned)EI_STEP_IN0_CONST << i;
    if (constant ? (uint64_t)step.in[i] + need.in[i] > m->data_bytes
                 : !ei_in_arena(m, step.in[i], need.in[i]))
      return EI_ERR_BOUNDS;
  }
  const uint64_t scratch = kernel->scratch(call.params);
  if (!ei_in_arena(m, step.out, need.out) || step.scratch % 4 != 0 ||
      !ei_in_arena(m, step.scratch, scratch))
    return EI_ERR_BOUNDS;
  return EI_OK;
}

int ei_verify(const uint8_t *image, size_t size, ei_model *m) {
  const uint64_t bytes = size; /* of 16 bits, a size_t is never too large */
  if (bytes < MIN_IMAGE || bytes > INT32_MAX || (uintptr_t)image % EI_IMAGE_ALIGN != 0)
    return EI_ERR_SIZE;
  reader r = {image, (uint32_t)size - TRAILER, 0, 0, 0};
  if (!open_root(&r)) return EI_ERR_FORMAT;
  if (scalar(&r, VERSION) != EI_VERSION) return EI_ERR_VERSION;
  const reader trailer = {image, (uint32_t)size, 0, 0, 0};
  if (ei_crc32(0, image, (size_t)r.size) != u32(&trailer, r.size)) return EI_ERR_CRC;

  memset(m, 0, sizeof *m);
  m->target = scalar(&r, TARGET);
  m->arena_bytes = scalar(&r, ARENA_BYTES);
  m->selftest_seed = scalar(&r, SEED);
  m->selftest_crc = scalar(&r, CRC);
  m->reset_steps = scalar(&r, RESET_STEPS);
  m->state_bytes = scalar(&r, STATE_BYTES);
  m->fast_bytes = scalar(&r, FAST_BYTES);
  if (m->fast_bytes == 0) m->fast_bytes = m->arena_bytes;
  m->params = vector(&r, PARAMS, 1, 4, &m->params_bytes);
  m->data = vector(&r, DATA, 1, EI_DATA_ALIGN, &m->data_bytes);
  m->inputs = (const void *)vector(&r, INPUTS, sizeof(ei_io), 4, &m->n_inputs);
  m->outputs = (const void *)vector(&r, OUTPUTS, sizeof(ei_io), 4, &m->n_outputs);
  m->name = (const void *)vector(&r, NAME, 1, 4, &m->name_bytes);
  m->layers = vector(&r, LAYERS, 4, 4, &m->n_layers);
  if (m->arena_bytes > INT32_MAX || m->fast_bytes > m->arena_bytes ||
      m->state_bytes > m->fast_bytes || m->state_bytes % EI_ARENA_ALIGN != 0 ||
      (m->fast_bytes < m->arena_bytes && m->fast_bytes % EI_ARENA_ALIGN != 0))
    return EI_ERR_FORMAT;
  if (!read_steps(&r, m)) return EI_ERR_FORMAT;
  if (m->reset_steps > m->n_steps || !m->params || !m->data || !m->inputs || !m->outputs ||
      !m->name || !m->layers)
    return EI_ERR_FORMAT;
  for (uint32_t i = 0; i < m->n_layers; i++) {
    const uint32_t at = (uint32_t)(m->layers - image) + 4 * i;
    const uint64_t name = (uint64_t)at + u32(&r, at);
    if (name + 4 > r.size || !fits(&r, (uint32_t)name + 4, u32(&r, (uint32_t)name), 1))
      return EI_ERR_FORMAT;
  }

  int result = check_io(m, m->inputs, m->n_inputs);
  if (result == EI_OK) result = check_io(m, m->outputs, m->n_outputs);
  for (uint32_t i = 0; result == EI_OK && i < m->n_steps; i++) result = check_step(m, i);
  return result;
}

const char *ei_layer_name(const ei_model *m, uint32_t layer, uint32_t *bytes) {
  *bytes = 0;
  if (layer >= m->n_layers) return NULL;
  const reader r = {m->layers + 4 * layer, UINT32_MAX, 0, 0, 0};
  const uint32_t at = u32(&r, 0);
  *bytes = u32(&r, at);
  return (const char *)r.base + at + 4;
}

void ei_selftest_input(const ei_model *m, uint8_t *arena) {
  uint32_t state = m->selftest_seed;
  for (uint32_t i = 0; i < m->n_inputs; i++) {
    const ei_io *io = &m->inputs[i];
    uint8_t *at = ei_at(m, arena, io->offset);
    for (uint32_t k = 0; k < io->bytes; k++) {
      /* Numerical Recipes' linear congruential generator; its high bits are the random ones. */
      state = state * 1664525u + 1013904223u;
      if (io->dtype != EI_FLOAT32) {
        at[k] = io->dtype == EI_BOOL ? (uint8_t)(state >> 31) : (uint8_t)(state >> 24);
      } else if (k % 4 == 0) {
        const float value = (float)(int8_t)(state >> 24) / 32.0f;
        memcpy(at + k, &value, 4);
      }
    }
  }
}

uint32_t ei_output_crc(const ei_model *m, const uint8_t *arena) {
  uint32_t crc = 0;
  for (uint32_t i = 0; i < m->n_outputs; i++)
    crc = ei_crc32(crc, ei_at(m, (uint8_t *)(uintptr_t)arena, m->outputs[i].offset),
                   (size_t)m->outputs[i].bytes);
  return crc;
}
