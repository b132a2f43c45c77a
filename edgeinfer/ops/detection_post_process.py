# SPDX-License-Identifier: Apache-2.0
"""TFLite_Detection_PostProcess: the boxes of an object detector, without those that overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array, Tensor
from edgeinfer.numerics.float_functions import exp_double
from edgeinfer.ops.base import Call, Op, Site
from edgeinfer.ops.custom import option, real_option

F = np.float32
LARGEST = 65_535  # size that the kernel takes
PER_CLASS = 100  # detections of a class, if the options do not say


class DetectionPostProcess(Op):
    """The reference is detection_postprocess.cc (kernels), which decodes in double.

    Of equal scores of a class the first comes first, of several classes the last (TFLite Micro: the
    first); of equal classes of one box the first, as in TFLite Micro (TFLite: std::partial_sort).
    Room for more detections than there are is 0."""

    name = "CUSTOM:TFLite_Detection_PostProcess"

    def shapes(self, site: Site) -> tuple[tuple[int, ...], ...]:
        boxes, scores, anchors = (site.input(i).shape for i in range(3))
        if (
            (len(boxes), len(scores)) != (3, 3)
            or (boxes[0], scores[0]) != (1, 1)
            or boxes[1] != scores[1]
            or boxes[2] < 4
            or anchors != (boxes[1], 4)
            or scores[2] - self._size(site, "num_classes") not in (0, 1)
        ):
            raise ModelError(
                f"{site.where}: boxes {boxes}, scores {scores} and anchors {anchors} do not fit.",
                "Convert the model again, for one image at a time.",
            )
        slots = self._size(site, "max_detections") * self._size(site, "max_classes_per_detection")
        return ((1, slots, 4), (1, slots), (1, slots), (1,))

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        boxes, scores = (self._real(site.input(i), values[i]) for i in range(2))
        with np.errstate(over="ignore", invalid="ignore"):
            images = [self._image(site, b, s) for b, s in zip(boxes, scores, strict=True)]
        return [np.concatenate(parts) for parts in zip(*images, strict=True)]

    def pack(self, site: Site) -> list[Call]:
        codes, scores = site.input(0), site.input(1)
        if codes.dtype not in (np.float32, np.int8) or scores.dtype != codes.dtype:
            raise site.unsupported(f"boxes of type {codes.dtype} with scores of {scores.dtype}")
        if any(t.dtype != np.float32 for t in site.outputs):
            raise site.unsupported("results of another type than float32")
        quantized = codes.dtype == np.int8
        labels = self._size(site, "num_classes")
        params = {
            "boxes": codes.shape[1],
            "code": codes.shape[2],
            "labels": labels,
            "background": scores.shape[2] - labels,
            "detections": self._size(site, "max_detections"),
            "per_box": self._size(site, "max_classes_per_detection"),
            "per_class": self._per_class(site),
            "quantized": int(quantized),
            "zero": [t.zero_point if quantized else 0 for t in (codes, scores)],
            "scale": [t.scale if quantized else 0.0 for t in (codes, scores)],
            "unit": self._units(site),
            "least": real_option(site, "nms_score_threshold"),
            "overlap": self._most(site),
        }
        return [
            Call(
                "detection",
                params,
                (site.in_ref(0), site.in_ref(1)),
                site.out_ref(),
                consts={"anchors": self._anchors(site)},
                more_out={
                    name: site.out_ref(position=i)
                    for i, name in enumerate(("classes", "scores", "count"), 1)
                },
            )
        ]

    def _image(self, site: Site, codes: Array, scores: Array) -> list[Array]:
        boxes, labels = self._decoded(site, codes), self._size(site, "num_classes")
        scores = scores[:, scores.shape[1] - labels :]
        per_box = self._size(site, "max_classes_per_detection")
        most = self._size(site, "max_detections")
        found: list[tuple[int, list[int]]] = []  # box, classes
        if per_class := self._per_class(site):
            for label in range(labels):
                chosen = self._chosen(site, boxes, scores[:, label])
                found += [(box, [label]) for box in islice(chosen, per_class)]
            found.sort(key=lambda one: (-scores[one[0], one[1][0]], -one[1][0]))
            found, per_box = found[:most], 1
        else:
            ranks = [_ranked(row) for row in scores]
            best = scores[np.arange(len(scores)), [rank[0] for rank in ranks]]
            chosen = self._chosen(site, boxes, best)
            found = [(box, ranks[box][:per_box]) for box in islice(chosen, most)]
        made = [np.zeros(t.shape, F) for t in site.outputs]
        for i, (box, classes) in enumerate(found):
            at = slice(i * per_box, i * per_box + len(classes))
            made[0][0, at], made[1][0, at], made[2][0, at] = (
                boxes[box],
                classes,
                scores[box, classes],
            )
        made[3][:] = len(found)
        return made

    def _decoded(self, site: Site, codes: Array) -> Array:
        """Ends of the boxes [n, 4]: upper, left, lower, right."""
        anchors = self._anchors(site).astype(np.float64)
        codes = codes[:, :4].astype(np.float64) / np.array(self._units(site), F)
        centre = (codes[:, :2] * anchors[:, 2:] + anchors[:, :2]).astype(F)
        half = (0.5 * exp_double(codes[:, 2:]) * anchors[:, 2:]).astype(F)
        return np.concatenate([centre - half, centre + half], 1)

    def _chosen(self, site: Site, boxes: Array, scores: Array) -> Iterator[int]:
        """The boxes by falling score, without those that overlap one before them."""
        left = scores >= F(real_option(site, "nms_score_threshold"))
        while left.any():
            best = int(np.argmax(np.where(left, scores, -np.inf)))
            yield best
            left &= ~(_overlap(boxes[best], boxes) > F(self._most(site)))
            left[best] = False

    def _anchors(self, site: Site) -> Array:
        """[n, 4]: centre y and x, height and width. Raises UnsupportedError for negative sizes."""
        anchors = self._real(site.input(2), site.const(2))
        if anchors.dtype != F or not (anchors[:, 2:] >= 0).all():
            raise site.unsupported(f"anchors of type {anchors.dtype}, or of negative size,")
        return anchors

    @staticmethod
    def _real(tensor: Tensor, value: Array | None) -> Array:
        assert value is not None
        if value.dtype != np.int8:
            return value
        return (value.astype(F) - F(tensor.zero_point)) * F(tensor.scale)

    @staticmethod
    def _size(site: Site, name: str) -> int:
        return option(site, name, 1, LARGEST)

    @staticmethod
    def _per_class(site: Site) -> int:
        """Detections of a class; 0 if classes compete for a box."""
        regular = option(site, "use_regular_nms", 0, 1, default=0)
        return regular * option(site, "detections_per_class", 1, LARGEST, default=PER_CLASS)

    @staticmethod
    def _units(site: Site) -> list[float]:
        """What y, x, height and width of a code are divided by."""
        units = [real_option(site, f"{side}_scale") for side in "yxhw"]
        if 0 in units:
            raise ModelError(f"{site.where}: a scale of boxes is 0.", "Convert the model again.")
        return units

    @staticmethod
    def _most(site: Site) -> float:
        """Intersection over union of two detections at most."""
        value = real_option(site, "nms_iou_threshold")
        if not 0 < value <= 1:
            raise ModelError(
                f"{site.where}: nms_iou_threshold is {value}.", "It must be above 0 and at most 1."
            )
        return value


def _ranked(scores: Array) -> list[int]:
    """Classes by falling score, the first of equal ones first; NaN only if there is no number."""
    order = np.argsort(-scores, kind="stable")
    return [int(i) for i in order[: max(1, np.count_nonzero(scores == scores))]]


def _overlap(one: Array, boxes: Array) -> Array:
    """Intersection over union of a box and each of these."""
    area, areas = ((b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1]) for b in (one, boxes))
    sides = np.minimum(one[2:], boxes[:, 2:]) - np.maximum(one[:2], boxes[:, :2])
    sides = np.where(sides > 0, sides, F(0))
    both = sides[:, 0] * sides[:, 1]
    union = area + areas - both
    real = (area > 0) & (areas > 0)
    return np.where(real, both / np.where(real, union, F(1)), F(0))
