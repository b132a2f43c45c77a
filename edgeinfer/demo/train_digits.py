# SPDX-License-Identifier: Apache-2.0
"""Trains the demo's network for handwritten digits in numpy and writes it as a float .tflite.

    python -m edgeinfer.demo.train_digits -o digits_float.tflite

Input: float32 [1, 8, 8, 1], grey in 0..1. Output: ten probabilities. One core takes
about ten seconds. The same seed gives the same file on the same kind of machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edgeinfer.demo import digits
from edgeinfer.demo.export import to_graph
from edgeinfer.demo.layers import Adam, Array, Conv, Dense, Depthwise, Layer, MaxPool, Relu
from edgeinfer.errors import EdgeinferError
from edgeinfer.tflite import write_file

OUTPUT = Path(__file__).with_name("digits_float.tflite")
EPOCHS = 60
BATCH = 32
RATE = 3e-3  # falls to 0 along a cosine
DECAY = 0.02
SMOOTHING = 0.05  # of the labels


def network(seed: int) -> list[Layer]:
    """The untrained network; the activations of an int8 version fit into 2 KB."""
    random = np.random.RandomState(seed)
    return [
        Conv(random, 3, 1, 16),  # 8×8×16
        Relu(),
        Depthwise(random, 3, 16, stride=2),  # 4×4×16
        Relu(),
        Conv(random, 1, 16, 64),  # 4×4×64
        Relu(),
        MaxPool(),  # 2×2×64
        Dense(random, 256, 10),
    ]


def forward(layers: Sequence[Layer], x: Array) -> Array:
    """The logits of a batch."""
    for layer in layers:
        x = layer.forward(x)
    return x


def train(
    layers: Sequence[Layer], x: Array, y: digits.Labels, epochs: int, seed: int
) -> Iterator[float]:
    """Train in place; yields the mean loss of each epoch."""
    random = np.random.RandomState(seed)
    adam = Adam(layers, DECAY)
    starts = range(0, len(x) - BATCH + 1, BATCH)
    steps, step = epochs * len(starts), 0
    for _ in range(epochs):
        order, losses = random.permutation(len(x)), []
        for start in starts:
            chosen = order[start : start + BATCH]
            losses.append(_learn(layers, _shifted(x[chosen], random), y[chosen]))
            adam.update(RATE * 0.5 * (1 + np.cos(np.pi * step / steps)))
            step += 1
        yield float(np.mean(losses))


def accuracy(layers: Sequence[Layer], x: Array, y: digits.Labels) -> float:
    """The share of images that are recognized."""
    return float((forward(layers, x).argmax(1) == y).mean())


def _learn(layers: Sequence[Layer], x: Array, y: digits.Labels) -> float:
    """The gradients of the cross-entropy on a batch; returns the loss."""
    logits = forward(layers, x)
    logits -= logits.max(1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    wanted = np.full_like(log_p, SMOOTHING / 10)
    wanted[np.arange(len(y)), y] += 1 - SMOOTHING
    gradient: Array = (np.exp(log_p) - wanted) / np.float32(len(y))
    for layer in reversed(layers):
        gradient = layer.backward(gradient)
    return float(-(wanted * log_p).sum(1).mean())


def _shifted(x: Array, random: np.random.RandomState) -> Array:
    """Copies moved by up to one pixel each way, with empty pixels at the edge."""
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    shifts = random.choice(3, (len(x), 2), p=(0.2, 0.6, 0.2))
    return np.stack(
        [image[i : i + 8, j : j + 8] for image, (i, j) in zip(padded, shifts, strict=True)]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write, and print how good the network is on the test images."""
    parser = argparse.ArgumentParser(
        prog="python -m edgeinfer.demo.train_digits", description=__doc__
    )
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        x_train, y_train, x_test, y_test = digits.load()
        layers = network(options.seed)
        for epoch, loss in enumerate(train(layers, x_train, y_train, options.epochs, options.seed)):
            print(f"epoch {epoch + 1:3} of {options.epochs}: loss {loss:.4f}", file=sys.stderr)
        write_file(options.output, to_graph(layers))
    except EdgeinferError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(
        f"{options.output}: {options.output.stat().st_size} bytes, "
        f"{accuracy(layers, x_test, y_test):.1%} of {len(y_test)} test images recognized"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
