# SPDX-License-Identifier: Apache-2.0
"""The boxes of an object detector. tests/ops/test_detection.py holds how far TFLite's are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flatbuffers import flexbuffers

from edgeinfer.graph import Graph, Node, Quant, Tensor
from tests.ops.cases.common import F32, I8, Rng, case, constant, filters, model, scale

OP = "CUSTOM:TFLite_Detection_PostProcess"


def detector(rng: Rng, *, regular: bool, scores: Tensor, codes: Tensor, labels: int) -> Graph:
    """A graph of the operator with random options; anchors are float32 and overlap often."""
    n = codes.shape[1]
    most, per_box = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    options = {
        "max_detections": most,
        "max_classes_per_detection": per_box,
        "detections_per_class": int(rng.integers(1, 8)),
        "use_regular_nms": regular,
        "nms_score_threshold": float(rng.choice([1e-8, 0.2, 0.5])),
        "nms_iou_threshold": float(rng.choice([0.1, 0.5, 0.6, 1.0])),
        "num_classes": labels,
        **{f"{side}_scale": float(rng.choice([1, 5, 10])) for side in "yxhw"},
    }
    anchors = rng.uniform(0.1, 0.6, (n, 4)).astype(np.float32)
    slots = most * per_box
    shapes = ((1, slots, 4), (1, slots), (1, slots), (1,))
    return model(
        OP,
        [codes, scores, constant("anchors", anchors)],
        [Tensor(f"y{i}", shape, F32) for i, shape in enumerate(shapes)],
        version=1,
        custom=bytes(flexbuffers.Dumps(options)),
    )


def floats(rng: Rng, regular: bool) -> Graph:
    n, labels, code = int(rng.integers(1, 40)), int(rng.integers(1, 6)), int(rng.integers(4, 7))
    # The inputs' names tell `samples` their range.
    codes = Tensor("-4..4", (1, n, code), F32)
    scores = Tensor("0..1", (1, n, labels + int(rng.integers(0, 2))), F32)
    return detector(rng, regular=regular, scores=scores, codes=codes, labels=labels)


def quantized(rng: Rng, regular: bool) -> Graph:
    n, labels = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    q = Quant.per_tensor(min(scale(rng), 0.05), int(rng.integers(-20, 20)))
    codes = Tensor("codes", (1, n, 4), I8, q)
    shape = (1, n, labels + int(rng.integers(0, 2)))
    scores = Tensor("scores", shape, I8, Quant.per_tensor(1 / 256, -128))
    return detector(rng, regular=regular, scores=scores, codes=codes, labels=labels)


@case(OP, oracle=False)
def fast(rng: Rng) -> Graph:
    return floats(rng, False)


@case(f"{OP}/regular", oracle=False)
def regular(rng: Rng) -> Graph:
    return floats(rng, True)


@case(f"{OP}/int8", oracle=False)
def int8(rng: Rng) -> Graph:
    return quantized(rng, bool(rng.integers(0, 2)))


@case(f"{OP}/head", oracle=False)
def head(rng: Rng) -> Graph:
    """Convolutions of two scales of an image, joined, as a converter writes the end of an SSD."""
    labels, each = int(rng.integers(1, 4)), 2  # boxes of a place
    x = Quant.per_tensor(0.02, 0)
    tensors, nodes = [Tensor("x", (1, 6, 6, 3), I8, x)], []

    def add(op: str, inputs: list[int], out: Tensor, kind: str = "", **options: object) -> int:
        tensors.append(out)
        nodes.append(Node(op, tuple(inputs), (len(tensors) - 1,), options, kind, version=2))
        return len(tensors) - 1

    def scales(numbers: int, q: Quant) -> int:
        """[1, boxes, numbers] float32 of both scales."""
        parts = []
        for stride, side in ((2, 3), (3, 2)):
            made = filters(rng, (each * numbers, 3, 3, 3), x, 0)
            tensors.extend(made)
            w = len(tensors) - 2
            grid = Tensor("grid", (1, side, side, each * numbers), I8, q)
            strides = {"stride_h": stride, "stride_w": stride}
            conv = add("CONV_2D", [0, w, w + 1], grid, "Conv2DOptions", padding=0, **strides)
            rows = Tensor("rows", (1, side * side * each, numbers), I8, q)
            parts.append(add("RESHAPE", [conv], rows, "ReshapeOptions", new_shape=rows.shape))
        n = sum(tensors[t].shape[1] for t in parts)
        joined = Tensor("joined", (1, n, numbers), I8, q)
        together = add("CONCATENATION", parts, joined, "ConcatenationOptions", axis=1)
        return add("DEQUANTIZE", [together], Tensor("real", joined.shape, F32))

    codes = scales(4, Quant.per_tensor(0.03, 3))
    scores = scales(labels + 1, Quant.per_tensor(1 / 256, -128))
    regular = bool(rng.integers(0, 2))
    last = detector(
        rng, regular=regular, scores=tensors[scores], codes=tensors[codes], labels=labels
    )
    first = len(tensors)
    tensors.extend(last.tensors[2:])
    made = tuple(range(first + 1, len(tensors)))
    nodes.append(replace(last.nodes[0], inputs=(codes, scores, first), outputs=made))
    return Graph(tuple(tensors), tuple(nodes), (0,), made, name="head")
