/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs as MLPerf Tiny's runner sends them. A model that bears the name of one of its networks
 * takes what the benchmark defines for that network, quantized here; any other the bytes of its
 * tensors. Only with EI_CONVERTS are there floats in the firmware.
 */
#include "app.h"

#if EI_CONVERTS

enum { TENSOR, PIXELS, WINDOW };

static int named(const char *text) {
  uint32_t n = 0;
  while (n < model.name_bytes && TEXT_AT(text + n) == model.name[n]) n++;
  return n == model.name_bytes && TEXT_AT(text + n) == 0;
}

/* Elements that can be read as reals. */
static uint32_t reals(const ei_io *io) {
  return io->dtype == EI_FLOAT32 ? io->bytes / 4u : io->dtype == EI_INT8 ? io->bytes : 0;
}

static int kind(void) {
  const ei_io *io = model.inputs;
  if (model.n_inputs != 1) return TENSOR;
  if (EI_WINDOW_BYTES && named(TEXT("ad01")) && model.n_outputs == 1 &&
      4u * reals(io) == EI_WINDOW_BYTES && reals(io) == reals(model.outputs))
    return WINDOW;
  return io->dtype == EI_INT8 && (named(TEXT("ic01")) || named(TEXT("vww01"))) ? PIXELS : TENSOR;
}

/* round(real / scale) + zero_point with halves away from zero, within int8; as the benchmark's
 * QuantizeFloatToInt8 (util/quantization_helpers.h). */
static uint8_t quantize(float real, const ei_io *io) {
  const float quotient = real / io->scale;
  int32_t q;
  if (!(quotient > -1024.0f)) return 0x80; /* not a number, too */
  if (quotient > 1024.0f) return 0x7F;
  q = (int32_t)quotient;
  if (quotient - (float)q >= 0.5f) q++;
  if (quotient - (float)q <= -0.5f) q--;
  q += io->zero_point;
  return (uint8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
}

#if EI_WINDOW_BYTES

static float real(const ei_io *io, const uint8_t *bytes, uint32_t index) {
  if (io->dtype == EI_FLOAT32) return ((const float *)(const void *)bytes)[index];
  return io->scale * (float)((int8_t)bytes[index] - io->zero_point);
}

int window_error(uint32_t *bits) {
  const ei_io *io = model.outputs;
  union {
    float real;
    uint32_t bits;
  } sum = {0};
  if (kind() != WINDOW) return 0;
  for (uint32_t i = 0; i < EI_WINDOW_BYTES / 4u; i++) {
    const float difference = real(io, ei_at(&model, shared, io->offset), i) - window[i];
    sum.real += difference * difference;
  }
  sum.real /= (float)(EI_WINDOW_BYTES / 4u);
  *bits = sum.bits;
  return 1;
}

void wire_follow(void) {
  if (kind() != WINDOW) return;
  for (uint32_t i = 0; i < EI_WINDOW_BYTES / 4u; i++)
    window[i] = real(model.inputs, input_at(0), i);
}

#else

int window_error(uint32_t *bits) {
  (void)bits;
  return 0;
}

void wire_follow(void) {}

#endif

uint32_t wire_bytes(void) { return kind() == WINDOW ? EI_WINDOW_BYTES : input_bytes(); }

uint8_t *wire_at(uint32_t index) {
#if EI_WINDOW_BYTES
  if (kind() == WINDOW) return (uint8_t *)window + index;
#endif
  return input_at(index);
}

void wire_put(uint32_t index, uint8_t byte) {
  const ei_io *io = model.inputs;
  *wire_at(index) = byte;
  switch (kind()) {
    case PIXELS: /* 0..255 for ic01, 0..1 for vww01 */
      *input_at(index) = quantize((float)byte / (named(TEXT("ic01")) ? 1.0f : 255.0f), io);
      break;
#if EI_WINDOW_BYTES
    case WINDOW:
      if (io->dtype == EI_FLOAT32)
        *input_at(index) = byte;
      else if (index % 4u == 3u)
        *input_at(index / 4u) = quantize(window[index / 4u], io);
      break;
#endif
    default: break;
  }
}

#else

uint32_t wire_bytes(void) { return input_bytes(); }

uint8_t *wire_at(uint32_t index) { return input_at(index); }

void wire_put(uint32_t index, uint8_t byte) { *input_at(index) = byte; }

void wire_follow(void) {}

int window_error(uint32_t *bits) {
  (void)bits;
  return 0;
}

#endif
