# SPDX-License-Identifier: Apache-2.0
"""UNIDIRECTIONAL_SEQUENCE_LSTM: [n, t, i] (or [t, n, i]) → [n, t, cells], int8, int16 or
float32."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, div_pot, multiplier, requantize, wrap
from edgeinfer.numerics.functions import logistic, tanh
from edgeinfer.ops import lstm_16, lstm_float, real, wide
from edgeinfer.ops.base import Call, Op, Ref, Site
from edgeinfer.ops.curve import table
from edgeinfer.ops.lstm_16 import clip16

GATES = 4  # input, forget, cell, output: in this order among the inputs
WEIGHTS, RECURRENT, BIAS = 1, 5, 12  # the first of four inputs each
OTHERS = (9, 10, 11, 16, 17, 20, 21, 22, 23)  # peepholes, projection, layer normalization
HIDDEN, CELL = 18, 19  # state
Q3_12 = np.float32(2.0**-12)


class UnidirectionalSequenceLstm(Op):
    """The reference is LstmStepInteger for 8x8_16 (kernels/lstm_eval.cc)."""

    name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    pure = False

    def shape(self, site: Site) -> tuple[int, ...]:
        x, w = site.input(0).shape, site.input(WEIGHTS + 1).shape
        cells = w[0]
        shapes = [(WEIGHTS, (cells, x[-1])), (RECURRENT, (cells, cells)), (BIAS, (cells,))]
        wrong = [
            first + g
            for first, wanted in shapes
            for g in range(GATES)
            if (t := site.optional(first + g)) is not None and t.shape != wanted
        ]
        if len(x) != 3 or len(w) != 2 or wrong:
            raise ModelError(
                f"{site.where}: input {x} and weights {w} do not fit.",
                "Convert the model again: it is damaged.",
            )
        batch = x[1] if site.option("time_major") else x[0]
        for state in (HIDDEN, CELL):
            if site.input(state).size != batch * cells:
                raise ModelError(f"{site.where}: its state does not fit.", "Convert it again.")
        return (x[0], x[1], cells)

    def macs(self, site: Site) -> int:
        x, cells = site.input(0).shape, site.output.shape[2]
        return x[0] * x[1] * GATES * cells * (x[2] + cells)

    def states(self, site: Site) -> tuple[int, ...]:
        return (HIDDEN, CELL)

    def run(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        x, hidden, cell = values[0], values[HIDDEN], values[CELL]
        assert x is not None and hidden is not None and cell is not None
        if real.is_real(site):
            return self._run_float(site, x, hidden, cell)
        weights, bias, recurrent, recurrent_bias = self._gates(site)
        m, s = self._multipliers(site)
        is_int16, scaled = wide.is_wide(site), self._scaled(site)
        if not site.option("time_major"):
            x = x.swapaxes(0, 1)
        h = hidden.reshape(x.shape[1], -1).astype(np.int64)
        c = cell.reshape(x.shape[1], -1).astype(np.int64)
        outputs = []
        for step in x.astype(np.int64):
            gates: list[Ints] = []
            for g in range(GATES):
                first = scaled(step @ weights[:, g].T + bias[:, g], m[g], s[g])
                second = h @ recurrent[:, g].T + recurrent_bias[:, g]
                second = scaled(second, m[4 + g], s[4 + g])
                second = clip16(second) if is_int16 else second
                gates.append(clip16(second + clip16(first)))
            h, c = self._after_gates(site, gates, c)
            outputs.append(h)
        y = np.stack(outputs, 0 if site.option("time_major") else 1).astype(site.output.dtype)
        return [y, h.astype(y.dtype).reshape(hidden.shape), c.astype(np.int16).reshape(cell.shape)]

    def _run_float(self, site: Site, x: Array, hidden: Array, cell: Array) -> list[Array]:
        gates, clip = self._float_gates(site), float(site.option("cell_clip", 0.0))
        major = bool(site.option("time_major"))
        x = x if major else x.swapaxes(0, 1)
        h, c, outputs = (*(s.reshape(x.shape[1], -1) for s in (hidden, cell)), [])
        for each in x:
            h, c = lstm_float.step(each, h, c, gates, clip)
            outputs.append(h)
        y = np.stack(outputs, 0 if major else 1)
        return [y, h.reshape(hidden.shape), c.reshape(cell.shape)]

    def _scaled(self, site: Site) -> Callable[[Ints, int, int], Ints]:
        """How a sum becomes a gate in Q3.12."""
        if wide.is_wide(site):
            return wide.requantize_wide
        return lambda x, m, s: requantize(wrap(x), m, s)

    def _after_gates(self, site: Site, gates: list[Ints], c: Ints) -> tuple[Ints, Ints]:
        """The new h and cell."""
        clip, power = self._cell_clip(site), self._cell_shift(site)
        if wide.is_wide(site):
            return lstm_16.after_gates(gates, c, power, clip, site.input(HIDDEN).scale)
        i, f, o = (logistic(gates[g], 3, 15) for g in (0, 1, 3))
        made = div_pot(i * tanh(gates[2], 3, 15), 30 + power)
        c = clip16(div_pot(f * c, 15) + wrap(made, 16))
        c = np.clip(c, -clip, clip) if clip else c
        h = requantize(o * tanh(c, 15 + power, 15), *self._hidden_multiplier(site))
        return np.clip(h + self._hidden(site)[1], -128, 127), c

    def pack(self, site: Site) -> list[Call]:
        if real.is_real(site):
            return self._pack_float(site)
        is_int16 = wide.is_wide(site)
        if is_int16:
            wide.require_int16(site, 0)
        else:
            site.require_int8(0)
        weights, bias, recurrent, recurrent_bias = self._gates(site)
        m, s = self._multipliers(site)
        if is_int16:
            wide.check_shifts(site, np.array(s))
        params = {
            "mult": m,
            "shift": s,
            "cell_clip": self._cell_clip(site),
            **self._own_params(site),
        }
        consts: dict[str, Array] = {
            "weights": weights.astype(np.int8),
            "bias": bias.astype(np.int64 if is_int16 else np.int32),
            "recurrent": recurrent.astype(np.int8),
        }
        consts |= (
            {"table": table()} if is_int16 else {"recurrent_bias": recurrent_bias.astype(np.int32)}
        )
        return self._calls(site, "lstm_16" if is_int16 else "lstm", params, consts)

    def _pack_float(self, site: Site) -> list[Call]:
        site.require_float(0)
        names = ("weights", "bias", "recurrent")
        consts = dict(zip(names, self._float_gates(site), strict=True))
        params = {"cell_clip": float(site.option("cell_clip", 0.0))}
        return self._calls(site, "lstm_float", params, consts)

    @staticmethod
    def _calls(
        site: Site, kernel: str, own: Mapping[str, Any], consts: Mapping[str, Array]
    ) -> list[Call]:
        """A call for each sample of the batch."""
        x, cells = site.input(0).shape, site.output.shape[2]
        major = bool(site.option("time_major"))
        steps, batch = (x[0], x[1]) if major else (x[1], x[0])
        params = {
            "steps": steps,
            "in_c": x[2],
            "cells": cells,
            "in_stride": x[2] * (batch if major else 1),
            "out_stride": cells * (batch if major else 1),
            **own,
        }
        size, cell_size = site.output.dtype.itemsize, site.input(CELL).dtype.itemsize
        calls = []
        for n in range(batch):
            first = n if major else n * steps
            state = {
                "hidden": Ref(site.node.inputs[HIDDEN], size * n * cells),
                "cell": Ref(site.node.inputs[CELL], cell_size * n * cells),
            }
            calls.append(
                Call(
                    kernel,
                    params,
                    (site.in_ref(0, size * first * x[2]),),
                    site.out_ref(size * first * cells),
                    consts=consts,
                    more_in=state,
                    more_out=state,
                )
            )
        return calls

    def _own_params(self, site: Site) -> dict[str, Any]:
        """The parameters that are not the same for int8 and int16."""
        power = self._cell_shift(site)
        if wide.is_wide(site):
            return lstm_16.params(power, site.input(HIDDEN).scale)
        mult, shift = self._hidden_multiplier(site)
        return {
            "hidden_mult": mult,
            "hidden_shift": shift,
            "hidden_zero": self._hidden(site)[1],
            "cell_shift": power,
        }

    def _gates(self, site: Site) -> tuple[Ints, Ints, Ints, Ints]:
        """Weights [cells, 4, i], biases [cells, 4]: of the input and of the recurrence, with zero
        points folded in."""
        self._check(site)
        weights, recurrent = (
            np.stack([site.const(first + g) for g in range(GATES)], 1).astype(np.int64)
            for first in (WEIGHTS, RECURRENT)
        )
        bias = np.stack([site.const(BIAS + g) for g in range(GATES)], 1).astype(np.int64)
        if not wide.is_wide(site):
            bias = wrap(bias - site.input(0).zero_point * weights.sum(2))
        return weights, bias, recurrent, wrap(-site.input(HIDDEN).zero_point * recurrent.sum(2))

    def _float_gates(self, site: Site) -> tuple[Array, Array, Array]:
        """Weights [cells, 4, i], biases [cells, 4], weights of the recurrence [cells, 4, cells]."""
        self._check_form(site)
        lstm_float.check(site, range(WEIGHTS, BIAS + GATES), (HIDDEN, CELL))
        weights, bias, recurrent = (
            np.stack([site.const(first + g) for g in range(GATES)], 1)
            for first in (WEIGHTS, BIAS, RECURRENT)
        )
        return weights, bias, recurrent

    @staticmethod
    def _check_form(site: Site) -> None:
        if any(site.optional(i) is not None for i in OTHERS):
            raise site.unsupported("an LSTM with peepholes, projection or layer normalization")
        if site.optional(WEIGHTS) is None or site.optional(RECURRENT) is None:
            raise site.unsupported("an LSTM without an input gate")
        if int(site.option("fused_activation_function")) != 4:
            raise site.unsupported("an LSTM with another activation than TANH")

    @staticmethod
    def _check(site: Site) -> None:
        UnidirectionalSequenceLstm._check_form(site)
        for i in (*range(WEIGHTS, RECURRENT + GATES),):
            if site.input(i).dtype != np.int8 or site.input(i).zero_point:
                raise site.unsupported(f"weights of type {site.input(i).dtype} or with zero points")
        for i, kind in ((HIDDEN, site.input(0).dtype), (CELL, np.int16)):
            if site.input(i).dtype != kind or not site.input(i).is_variable:
                raise site.unsupported(f"state of type {site.input(i).dtype}, or not variable")
        if site.input(CELL).zero_point:
            raise site.unsupported("a cell state with a zero point")

    @staticmethod
    def _multipliers(site: Site) -> tuple[list[int], list[int]]:
        """Multipliers and shifts to Q3.12 of the gates, for the input and then the recurrence.

        In float32, as PopulateQuantizedLstmParams8x8_16 (kernels/lstm.cc)."""
        pairs = []
        for first, source in ((WEIGHTS, 0), (RECURRENT, HIDDEN)):
            scale = np.float32(site.input(source).scale)
            for g in range(GATES):
                real = np.float32(site.input(first + g).scale) * scale / Q3_12
                pairs.append(multiplier(float(real)))
        return [m for m, _ in pairs], [s for _, s in pairs]

    @staticmethod
    def _hidden(site: Site) -> tuple[float, int]:
        """Scale and zero point of h before a projection: those of the last intermediate tensor."""
        hidden = site.intermediate(4)
        return (hidden.scale, hidden.zero_point)

    @classmethod
    def _hidden_multiplier(cls, site: Site) -> tuple[int, int]:
        power = np.float32(2.0**-15)
        return multiplier(float(power / np.float32(cls._hidden(site)[0]) * power))

    @staticmethod
    def _cell_shift(site: Site) -> int:
        """log2 of the cell's scale, which must be a power of two (CheckedLog2 in TFLite)."""
        log = math.log2(site.input(CELL).scale)
        if abs(log - round(log)) > 1e-3 or not -15 <= round(log) <= -9:
            raise site.unsupported(f"a cell state of scale {site.input(CELL).scale}")
        return round(log)

    @staticmethod
    def _cell_clip(site: Site) -> int:
        clip = np.float32(site.option("cell_clip", 0.0))
        scale = np.float32(site.input(CELL).scale)
        return int(min(max(clip / scale, np.float32(-32768)), np.float32(32767))) if clip > 0 else 0
