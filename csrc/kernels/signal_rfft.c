/* SPDX-License-Identifier: Apache-2.0
 *
 * The Fourier transform of real int16 samples, divided by their number; a shorter input is padded
 * with zeros. out: length / 2 + 1 pairs of real and imaginary parts.
 *
 * To the bit as TFLite Micro's SignalRfft, which takes KISS FFT with 16-bit fixed point: half as
 * many complex numbers, by butterflies of four (the last of two, if need be), each input divided by
 * the radix first; then the spectra of even and odd samples are told apart. The twiddles come from
 * the PC. Works in the output's place.
 */
#include "signal.h"

typedef struct {
  int16_t re, im;
} complex16;

typedef struct {
  uint32_t twiddles; /* data offset: pairs int16 [length / 2], e^(-2 pi i k / (length / 2)) */
  uint32_t
      split; /* data offset: pairs int16 [length / 4], e^(-pi i ((k + 1) / (length / 2) + 1/2)) */
  uint32_t length; /* of the transform: a power of two, 4..32768 */
  uint32_t count;  /* samples of the input, at most length */
} ei_signal_rfft_params;

static int16_t rounded(int32_t x) { return (int16_t)((int32_t)((uint32_t)x + (1u << 14)) >> 15); }

static complex16 times(complex16 a, complex16 b) {
  const int32_t ar = a.re, ai = a.im;
  const int32_t re = (int32_t)((uint32_t)(ar * b.re) - (uint32_t)(ai * b.im));
  const int32_t im = (int32_t)((uint32_t)(ar * b.im) + (uint32_t)(ai * b.re));
  const complex16 product = {rounded(re), rounded(im)};
  return product;
}

/* a / n, by a multiplication. */
static complex16 divided(complex16 a, int32_t n) {
  const complex16 quotient = {rounded(a.re * (INT16_MAX / n)), rounded(a.im * (INT16_MAX / n))};
  return quotient;
}

static complex16 plus(complex16 a, complex16 b) {
  const complex16 sum = {(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
  return sum;
}

static complex16 minus(complex16 a, complex16 b) {
  const complex16 difference = {(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
  return difference;
}

static void by_two(complex16 *x, const complex16 *tw, uint32_t m, uint32_t stride) {
  for (uint32_t k = 0; k < m; k++, x++) {
    const complex16 a = divided(x[0], 2), b = times(divided(x[m], 2), tw[k * stride]);
    x[m] = minus(a, b);
    x[0] = plus(a, b);
  }
}

static void by_four(complex16 *x, const complex16 *tw, uint32_t m, uint32_t stride) {
  for (uint32_t k = 0; k < m; k++, x++) {
    const complex16 a = divided(x[0], 4), b = times(divided(x[m], 4), tw[k * stride]);
    const complex16 c = times(divided(x[2 * m], 4), tw[2 * k * stride]);
    const complex16 d = times(divided(x[3 * m], 4), tw[3 * k * stride]);
    const complex16 even = minus(a, c), sum = plus(a, c), both = plus(b, d), odd = minus(b, d);
    x[2 * m] = minus(sum, both);
    x[0] = plus(sum, both);
    x[m].re = (int16_t)(even.re + odd.im), x[m].im = (int16_t)(even.im - odd.re);
    x[3 * m].re = (int16_t)(even.re - odd.im), x[3 * m].im = (int16_t)(even.im + odd.re);
  }
}

/* Which complex number of the input goes to place j of n, so that the butterflies may begin. */
static uint32_t origin(uint32_t j, uint32_t n) {
  uint32_t from = 0;
  for (uint32_t stride = 1; n > 1;) {
    const uint32_t radix = n % 4 == 0 ? 4 : 2;
    n /= radix;
    from += j / n * stride;
    j %= n;
    stride *= radix;
  }
  return from;
}

void ei_signal_rfft_run(const ei_call *c) {
  const ei_signal_rfft_params *p = c->params;
  const complex16 *tw = (const void *)(c->data + p->twiddles);
  const complex16 *split = (const void *)(c->data + p->split);
  const int16_t *in = c->in[0];
  complex16 *out = c->out;
  const uint32_t n = p->length / 2;

  for (uint32_t j = 0; j < n; j++) {
    const uint32_t at = 2 * origin(j, n);
    out[j].re = at < p->count ? in[at] : 0;
    out[j].im = at + 1 < p->count ? in[at + 1] : 0;
  }
  /* The innermost stage has the radix of two, if n is no power of four. */
  for (uint32_t m = 1; m < n;) {
    const uint32_t radix = m == 1 && (ei_bits32(n) & 1) == 0 ? 2 : 4;
    for (uint32_t at = 0; at < n; at += radix * m)
      (radix == 2 ? by_two : by_four)(out + at, tw, m, n / (radix * m));
    m *= radix;
  }

  const complex16 dc = divided(out[0], 2);
  out[0].re = (int16_t)(dc.re + dc.im), out[0].im = 0;
  out[n].re = (int16_t)(dc.re - dc.im), out[n].im = 0;
  for (uint32_t k = 1; k <= n / 2; k++) {
    const complex16 mirrored = {out[n - k].re, (int16_t)-out[n - k].im};
    const complex16 a = divided(out[k], 2), b = divided(mirrored, 2);
    const complex16 sum = plus(a, b), turned = times(minus(a, b), split[k - 1]);
    const int32_t re = turned.re, im = turned.im;
    out[k].re = (int16_t)((sum.re + re) >> 1);
    out[k].im = (int16_t)((sum.im + im) >> 1);
    out[n - k].re = (int16_t)((sum.re - re) >> 1);
    out[n - k].im = (int16_t)((im - sum.im) >> 1);
  }
}

int ei_signal_rfft_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_rfft_params, p, c, need);
  if (p->length < 4 || p->length > 32768 || (p->length & (p->length - 1)) != 0 || p->count == 0 ||
      p->count > p->length || !ei_has_data(need, p->twiddles, p->length, 2) ||
      !ei_has_data(need, p->split, p->length / 2, 2))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * 2;
  need->out = (uint64_t)p->length * 2 + 4;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_signal_rfft_scratch(const void *params) {
  (void)params;
  return 0;
}
