/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes of an object detector: decoded by their anchors, and of those that overlap the best. Scores
 * and codes are float32 or int8, of which the meaning is scale (x - zero); all results are float32,
 * 0 where there are fewer detections than room.
 *
 * As TFLite_Detection_PostProcess in TFLite (kernels/detection_postprocess.cc), which decodes in
 * double: so do we, with an exp() so near to the exact one that the rounding to float32 hides what
 * is left. Of equal scores of a class the first comes first, of several classes the last; of equal
 * classes of one box the first.
 */
#include "float_functions.h"
#include "kernel.h"

enum { SIDES = 4 };

typedef struct {
  uint32_t anchors;    /* data offset: float [boxes][4]: centre y and x, height and width */
  uint32_t classes;    /* operand: float [detections][per_box] */
  uint32_t scores;     /* operand: float [detections][per_box] */
  uint32_t count;      /* operand: float [1], detections that there are */
  uint32_t boxes;      /* 1..65535, as all sizes */
  uint32_t code;       /* numbers of a box's code, of which the first four are read */
  uint32_t labels;     /* classes */
  uint32_t background; /* 1: a score that counts for nothing comes before those of the classes */
  uint32_t detections; /* at most */
  uint32_t per_box;    /* classes of a detection at most */
  uint32_t per_class;  /* detections of a class at most; 0: a box is one detection, not one of each
                          class */
  uint32_t quantized;  /* 1: inputs are int8 */
  int32_t zero[2];
  float scale[2];
  float unit[4]; /* of the code, by which it is divided */
  float least;   /* score of a detection */
  float overlap; /* of two detections at most: intersection over union */
} ei_detection_params;

typedef struct {
  const ei_detection_params *p;
  const ei_call *c;
  float (*box)[SIDES]; /* upper, left, lower and right end */
  float *left;         /* scores of the boxes that may be chosen yet; NaN: not this one */
  float (*out)[SIDES], *classes, *scores;
  uint32_t count; /* detections */
} detector;

static float value(const detector *d, int input, uint32_t i) {
  if (!d->p->quantized) return ((const float *)d->c->in[input])[i];
  const int32_t x = ((const int8_t *)d->c->in[input])[i];
  return ei_times((float)(x - d->p->zero[input]), d->p->scale[input]);
}

static float score(const detector *d, uint32_t box, uint32_t label) {
  return value(d, 1, box * (d->p->labels + d->p->background) + d->p->background + label);
}

/* exp(x): Taylor's series of degree 13, of which the rest is below double's last place. */
static double exponential(double x) {
  static const double c[] = {1.0 / 6227020800,
                             1.0 / 479001600,
                             1.0 / 39916800,
                             1.0 / 3628800,
                             1.0 / 362880,
                             1.0 / 40320,
                             1.0 / 5040,
                             1.0 / 720,
                             1.0 / 120,
                             1.0 / 24,
                             1.0 / 6,
                             0.5,
                             1.0,
                             1.0};
  if (!(x < 709.75)) return x != x ? x : (double)ei_infinity();
  if (x < -745) return 0;
  const double turns = x * 1.4426950408889634;
  int32_t n = (int32_t)(turns < 0 ? turns - 0.5 : turns + 0.5);
  const double whole = (double)n;
  const double r = x - whole * 6.93147180369123816490e-1 - whole * 1.90821492927058770002e-10;
  double y = c[0];
  for (size_t i = 1; i < EI_COUNT(c); i++) y = y * r + c[i];
  for (; n > 100; n -= 100) y *= 1.2676506002282294e30; /* 2^100 */
  for (; n < -100; n += 100) y *= 7.888609052210118e-31;
  return y * (double)ei_float_of((uint32_t)(n + 127) << 23);
}

static void decode(const detector *d) {
  const float *anchor = (const void *)(d->c->data + d->p->anchors), *unit = d->p->unit;
  for (uint32_t i = 0; i < d->p->boxes; i++, anchor += SIDES)
    for (uint32_t axis = 0; axis < 2; axis++) {
      const uint32_t at = i * d->p->code + axis;
      const double code = (double)value(d, 0, at), grown = (double)value(d, 0, at + 2);
      const double place = (double)anchor[axis], size = (double)anchor[axis + 2];
      const float centre = (float)(code / (double)unit[axis] * size + place);
      const float half = (float)(0.5 * exponential(grown / (double)unit[axis + 2]) * size);
      d->box[i][axis] = centre - half;
      d->box[i][axis + 2] = centre + half;
    }
}

static float area(const float *box) { return ei_times(box[2] - box[0], box[3] - box[1]); }

/* What two intervals have in common. */
static float common(float begin, float end, float other_begin, float other_end) {
  const float length =
      (end < other_end ? end : other_end) - (begin > other_begin ? begin : other_begin);
  return length > 0 ? length : 0;
}

static int overlaps(const float *a, const float *b, float most) {
  const float area_a = area(a), area_b = area(b);
  if (area_a <= 0 || area_b <= 0) return 0;
  const float both = ei_times(common(a[0], a[2], b[0], b[2]), common(a[1], a[3], b[1], b[3]));
  return both / (area_a + area_b - both) > most;
}

/* Choose the best box that is left, which excludes those that overlap it; `boxes`: none is left. */
static uint32_t choose(const detector *d, float *best) {
  const ei_detection_params *p = d->p;
  uint32_t found = p->boxes;
  for (uint32_t i = 0; i < p->boxes; i++)
    if (d->left[i] >= p->least && (found == p->boxes || d->left[i] > *best))
      found = i, *best = d->left[i];
  if (found == p->boxes) return found;
  for (uint32_t i = 0; i < p->boxes; i++)
    if (i == found || (d->left[i] >= p->least && overlaps(d->box[found], d->box[i], p->overlap)))
      d->left[i] = ei_float_of(0x7FC00000);
  return found;
}

static void put(const detector *d, uint32_t slot, const float *box, float label, float s) {
  memmove(d->out[slot], box, sizeof d->out[slot]);
  d->classes[slot] = label;
  d->scores[slot] = s;
}

/* The class of a box that follows `last` by score, the first of all after `labels`; `labels` if
 * there is none. */
static uint32_t next_class(const detector *d, uint32_t box, uint32_t last) {
  const uint32_t labels = d->p->labels;
  const float before = last < labels ? score(d, box, last) : 0;
  uint32_t found = labels;
  float best = 0;
  for (uint32_t i = 0; i < labels; i++) {
    const float s = score(d, box, i);
    if (last < labels && !(s < before || (s == before && i > last))) continue;
    if (found == labels || s > best || best != best) found = i, best = s;
  }
  return found;
}

/* Boxes by the score of their best class, each with its best classes. */
static void by_box(detector *d) {
  const ei_detection_params *p = d->p;
  for (uint32_t i = 0; i < p->boxes; i++) d->left[i] = score(d, i, next_class(d, i, p->labels));
  float best = 0;
  for (uint32_t box; d->count < p->detections && (box = choose(d, &best)) < p->boxes; d->count++) {
    uint32_t label = p->labels;
    for (uint32_t n = 0; n < p->per_box; n++) {
      if ((label = next_class(d, box, label)) == p->labels) break;
      put(d, d->count * p->per_box + n, d->box[box], (float)label, score(d, box, label));
    }
  }
}

/* Whether a detection comes before the one in a slot. */
static int is_before(const detector *d, float s, uint32_t label, uint32_t slot) {
  if (s == d->scores[slot]) return (float)label > d->classes[slot];
  return s > d->scores[slot];
}

/* Boxes of each class for itself, and of all these the best. */
static void by_class(detector *d) {
  const ei_detection_params *p = d->p;
  float best = 0;
  for (uint32_t label = 0; label < p->labels; label++) {
    for (uint32_t i = 0; i < p->boxes; i++) d->left[i] = score(d, i, label);
    for (uint32_t n = 0; n < p->per_class; n++) {
      const uint32_t box = choose(d, &best);
      if (box == p->boxes) break;
      if (d->count == p->detections && !is_before(d, best, label, d->count - 1)) break;
      uint32_t at = d->count < p->detections ? d->count++ : d->count - 1;
      for (; at > 0 && is_before(d, best, label, at - 1); at--)
        put(d, at, d->out[at - 1], d->classes[at - 1], d->scores[at - 1]);
      put(d, at, d->box[box], (float)label, best);
    }
  }
}

void ei_detection_run(const ei_call *c) {
  const ei_detection_params *p = c->params;
  float (*box)[SIDES] = c->scratch;
  detector d = {
      p, c, box, box[p->boxes], c->out, ei_operand(c, p->classes), ei_operand(c, p->scores), 0};
  const uint32_t slots = p->detections * p->per_box;
  const float nothing[SIDES] = {0, 0, 0, 0};
  for (uint32_t i = 0; i < slots; i++) put(&d, i, nothing, 0, 0);
  decode(&d);
  if (p->per_class == 0)
    by_box(&d);
  else
    by_class(&d);
  *(float *)ei_operand(c, p->count) = (float)d.count;
}

static int is_size(uint32_t n) { return n > 0 && n <= UINT16_MAX; }

int ei_detection_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_detection_params, p, c, need);
  if (sizeof(double) < sizeof(uint64_t)) return EI_ERR_KERNEL; /* AVR's has 32 bits */
  const uint64_t slots = (uint64_t)p->detections * p->per_box, size = p->quantized ? 1 : 4;
  if (!is_size(p->boxes) || !is_size(p->code) || p->code < SIDES || !is_size(p->labels) ||
      !is_size(p->detections) || !is_size(p->per_box) || p->background > 1 || p->quantized > 1)
    return EI_ERR_PARAMS;
  for (int i = 0; i < 2; i++)
    if (p->zero[i] < INT8_MIN || p->zero[i] > INT8_MAX) return EI_ERR_PARAMS;
  if (!ei_has_data(need, p->anchors, (uint64_t)p->boxes * SIDES, 4) ||
      !ei_has_operand(need, p->classes, slots, 4, 1) ||
      !ei_has_operand(need, p->scores, slots, 4, 1) || !ei_has_operand(need, p->count, 1, 4, 1))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->boxes * p->code * size;
  need->in[1] = (uint64_t)p->boxes * (p->labels + p->background) * size;
  need->out = slots * SIDES * 4;
  need->in_align = (uint32_t)size;
  need->out_align = 4;
  return EI_OK;
}

uint32_t ei_detection_scratch(const void *params) {
  const ei_detection_params *p = params;
  return p->boxes * (SIDES + 1) * (uint32_t)sizeof(float);
}
