# SPDX-License-Identifier: Apache-2.0
"""The settings of a run: what a recipe holds, and which stages are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from edgeinfer.errors import QuantizeError
from edgeinfer.quantize.ranges import METHODS, Percentile

CHOICES: dict[str, tuple[str, ...]] = {
    "ranges": ("search", *METHODS),
    "io": ("int8", "int16", "float32"),
    "activations": ("int8", "int16"),
    "rounding": ("adaptive", "nearest"),
}


@dataclass(frozen=True)
class Settings:
    """Each stage's switch; the defaults are the most accurate."""

    ranges: str = "search"  # how activation ranges are chosen: see CHOICES
    percentile: float = 99.995  # for ranges="percentile": percent of values below the upper end
    io: str = "int8"  # type of inputs and outputs
    activations: str = "int8"  # type of all activations that can be of it
    mixed: float = 0.0  # part of the activations' loss that int16 is to take away
    wide: tuple[str, ...] = ()  # names of activations that are int16
    floats: tuple[str, ...] = ()  # names of layers (their outputs) that stay float32
    mixed_float: bool = False  # let `mixed` choose float32, too, where there is no int16
    int4: bool = False  # give as many layers as the budget asks for weights of 4 bits, or all
    narrow: tuple[str, ...] = ()  # names of layers (their outputs) with weights of 4 bits
    per_channel: bool = True  # a scale for each output channel of weights, or one for the tensor
    fold: bool = True  # put batch normalization into the layers before
    pool_scales: bool = True  # give pools over whole images a scale of their own
    equalize: bool = True  # balance channels between layers
    compensate: bool = True  # let weights make good for errors of the layers before
    rounding: str = "adaptive"  # of weights: against the layer's inputs, or each to the nearest
    weight_scales: bool = True  # search each channel's weight scale, or take its largest weight's
    correct_bias: bool = True  # let biases make good for the mean error of each channel
    split: bool = True  # put copies of noisy channels where dead ones are
    refine: bool = False  # try factors of the scales in the integer network
    robust: bool = True  # scale down or leave out samples that reach far beyond the others
    tries: int = 3  # how often the search is run with another draw; the best stays
    seed: int = 0  # of what is drawn at random

    @staticmethod
    def of(options: Mapping[str, Any]) -> Settings:
        """Settings from keyword arguments or a recipe.

        Raises QuantizeError naming what is unknown or of a wrong type."""
        kinds = {f.name: type(f.default) for f in fields(Settings)}
        checked: dict[str, Any] = {}
        for name, value in options.items():
            if name not in kinds:
                raise QuantizeError(
                    f"There is no setting '{name}'.", f"Settings: {', '.join(kinds)}."
                )
            if kinds[name] is float and type(value) is int:
                value = float(value)
            if kinds[name] is tuple and type(value) is list:
                value = tuple(map(str, value))
            if type(value) is not kinds[name]:
                raise QuantizeError(
                    f"The setting '{name}' is {value!r}.", f"Give a {kinds[name].__name__}."
                )
            if name in CHOICES and value not in CHOICES[name]:
                what = {"ranges": "range method", "io": "I/O type"}.get(name, name)
                raise QuantizeError(
                    f"There is no {what} '{value}'.", f"Use {' or '.join(CHOICES[name])}."
                )
            checked[name] = value
        settings = Settings(**checked)
        Percentile(1, settings.percentile)
        if not 0 <= settings.mixed <= 1:
            raise QuantizeError(
                f"The setting 'mixed' is {settings.mixed}.", "Give a part of 1, such as 0.9."
            )
        if settings.tries < 1:
            raise QuantizeError(f"The setting 'tries' is {settings.tries}.", "Give 1 or more.")
        if settings.io == "int16" != settings.activations:
            raise QuantizeError(
                "Inputs and outputs are to be int16, but activations are int8.",
                "Let all activations be int16, too.",
            )
        return settings

    @property
    def reconstructs(self) -> bool:
        """Whether layers are fitted to what the quantized layers before them give."""
        adaptive = self.rounding == "adaptive"
        return adaptive or self.compensate or self.weight_scales or self.correct_bias

    @property
    def searches(self) -> bool:
        """Whether errors are judged by what they cost the output."""
        return self.ranges == "search" or self.equalize or self.mixed > 0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


FAST: dict[str, Any] = {
    "mixed": 0.0,
    "pool_scales": False,
    "split": False,
    "refine": False,
    "robust": False,
    "tries": 1,
    "ranges": "percentile",
    "equalize": False,
    "compensate": False,
    "rounding": "nearest",
    "weight_scales": False,
    "correct_bias": False,
}
"""Settings of the simple pipeline: ranges and rounding, nothing else but folding, which is free."""
