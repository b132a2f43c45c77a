# SPDX-License-Identifier: Apache-2.0
"""SVDF: a layer with memory, [n, i] → [n, units], of rank r (two factors: features and time)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import multiplier, requantize, wrap
from edgeinfer.ops.base import Call, Op, Ref, Site

STATE = 4  # input


class Svdf(Op):
    """The reference is EvalIntegerSVDF (kernels/internal/reference/svdf.h)."""

    name = "SVDF"
    pure = False

    def shape(self, site: Site) -> tuple[int, ...]:
        x, feature, time, state = (site.input(i).shape for i in (0, 1, 2, STATE))
        rank = int(site.option("rank", 1))
        fits = len(x) == len(feature) == len(time) == 2 and rank > 0 and min(time) > 0
        if not fits or x[1] != feature[1] or feature[0] != time[0] or feature[0] % rank:
            raise ModelError(
                f"{site.where}: input {x}, weights {feature} and {time} of rank {rank} do not fit.",
                "Convert the model again: it is damaged.",
            )
        if np.prod(state) != x[0] * feature[0] * time[1]:
            raise ModelError(f"{site.where}: state {state} does not fit.", "Convert it again.")
        return (x[0], feature[0] // rank)

    def macs(self, site: Site) -> int:
        return site.input(0).shape[0] * (site.input(1).size + site.input(2).size)

    def states(self, site: Site) -> tuple[int, ...]:
        return (STATE,)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x, feature, time = values[0], site.const(1).astype(np.int64), site.const(2)
        state = values[STATE]
        assert x is not None and state is not None
        self._check(site)
        (m1, s1), (m2, s2) = self._multipliers(site)
        zero = site.input(STATE).zero_point
        centred = x.astype(np.int64) - site.input(0).zero_point
        latest = requantize(wrap(centred @ feature.T), m1, s1)
        limits = np.iinfo(state.dtype)
        latest = np.clip(latest + zero, limits.min, limits.max).astype(state.dtype)
        rows = state.reshape(len(x), *time.shape)
        rows = np.concatenate([rows[:, :, 1:], latest[:, :, None]], 2)
        sums = ((rows.astype(np.int64) - zero) * time.astype(np.int64)).sum(2)
        units = sums.reshape(len(x), site.output.shape[1], -1).sum(2) + self._bias(site)
        q = requantize(wrap(units), m2, s2) + site.output.zero_point
        return [np.clip(q, -128, 127).astype(np.int8), rows.reshape(state.shape)]

    def pack(self, site: Site) -> list[Call]:
        site.require_int8(0)
        self._check(site)
        feature, time = site.const(1), site.const(2)
        multipliers = self._multipliers(site)
        batch, in_c = site.input(0).shape
        zero = site.input(0).zero_point
        units = site.output.shape[1]
        params = {
            "in_c": in_c,
            "units": units,
            "rank": int(site.option("rank", 1)),
            "memory": time.shape[1],
            "mult": [m for m, _ in multipliers],
            "shift": [s for _, s in multipliers],
            "out_zero": site.output.zero_point,
            "state_zero": site.input(STATE).zero_point,
            "wide": int(time.dtype == np.int16),
        }
        consts = {
            "feature": feature,
            "feature_bias": wrap(-zero * feature.sum(1, dtype=np.int64)).astype(np.int32),
            "time": time,
            "bias": self._bias(site),
        }
        step = site.input(STATE).nbytes // batch
        calls = []
        for n in range(batch):
            state = {"state": Ref(site.node.inputs[STATE], n * step)}
            source, target = site.in_ref(0, n * in_c), site.out_ref(n * units)
            calls.append(
                Call(
                    "svdf",
                    params,
                    (source,),
                    target,
                    consts=consts,
                    more_in=state,
                    more_out=state,
                )
            )
        return calls

    @staticmethod
    def _check(site: Site) -> None:
        feature, time, state = (site.input(i) for i in (1, 2, STATE))
        kinds = (feature.dtype.name, time.dtype.name, state.dtype.name)
        if kinds not in (("int8", "int16", "int16"), ("int8", "int8", "int8")):
            raise site.unsupported(f"weights and state of types {', '.join(kinds)}")
        if not state.is_variable:
            raise site.unsupported("a state that is not a variable tensor")
        if feature.zero_point or time.zero_point or (state.dtype == np.int16 and state.zero_point):
            raise site.unsupported("a zero point of the weights or of an int16 state")
        if int(site.option("fused_activation_function")) not in (0, 1):
            raise site.unsupported("a fused activation other than RELU")

    @staticmethod
    def _bias(site: Site) -> Array:
        units = site.output.shape[1]
        if site.optional(3) is None:
            return np.zeros(units, np.int32)
        bias = site.const(3)
        if bias.shape != (units,):
            raise ModelError(
                f"{site.where}: a bias of the shape {bias.shape} for {units} units.",
                "Convert the model again: it is damaged.",
            )
        return bias.astype(np.int32)

    @staticmethod
    def _multipliers(site: Site) -> list[tuple[int, int]]:
        """Multiplier and shift to the state's scale and to the output's, in float32 as TFLite."""
        x, feature, time, state = (np.float32(site.input(i).scale) for i in (0, 1, 2, STATE))
        first, second = x * feature / state, state * time / np.float32(site.output.scale)
        return [multiplier(float(first)), multiplier(float(second))]
