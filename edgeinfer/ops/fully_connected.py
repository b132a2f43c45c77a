# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED: input [..., i], weights [o, i], bias [o]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeinfer.errors import ModelError
from edgeinfer.graph import Array
from edgeinfer.numerics.fixed_point import Ints, multipliers
from edgeinfer.ops import real, wide
from edgeinfer.ops.activation import clip, int8_range, rectified_at
from edgeinfer.ops.base import Call, Op, QuantRule, Rows, Site
from edgeinfer.ops.dense import dense_call, geometry
from edgeinfer.ops.filters import NIBBLES, filter_nibbles, filters_for
from edgeinfer.ops.weighted import (
    bias_of,
    channel_multipliers,
    check_weights,
    finish,
    folded_bias,
)


class FullyConnected(Op):
    """The int8 references are FullyConnected and FullyConnectedPerChannel in TFLite
    (kernels/internal/reference/integer_ops/fully_connected.h)."""

    name = "FULLY_CONNECTED"
    rule = QuantRule(weights=1, channel_axis=0, bias=2)

    def shape(self, site: Site) -> tuple[int, ...]:
        x, w = site.input(0), site.input(1)
        if len(w.shape) != 2 or w.shape[1] < 1 or x.size % w.shape[1]:
            raise ModelError(
                f"{site.where}: weights {w.shape} do not match the input {x.shape}.",
                "Convert the model again: it is damaged.",
            )
        if site.option("keep_num_dims"):
            return (*x.shape[:-1], w.shape[0])
        return (x.size // w.shape[1], w.shape[0])

    def channel_axis_of(self, site: Site) -> int | None:
        """With several scales TFLite's and TFLM's kernels take matrices only: of more dimensions
        FullyConnectedPerChannel gives a part."""
        return self.rule.channel_axis if len(site.output.shape) == 2 else None

    def macs(self, site: Site) -> int:
        return site.output.size * site.input(1).shape[1]

    def float_(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        return self._finished(site, x, self._rows(site, x, w) @ w.T)

    def ordered(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        pixels = self._rows(site, x, w)[:, None, None, None, None]
        return self._finished(site, x, real.dot(pixels, w[:, None, None])[:, 0, 0])

    def quick(self, site: Site, values: Sequence[Array | None]) -> list[Array]:
        return [self.float_(site, values)] if real.is_real(site) else self.run(site, values)

    def _finished(self, site: Site, x: Array, sums: Array) -> Array:
        biased = sums + bias_of(site, sums.shape[-1], np.float32)
        return clip(site, self._shaped(site, x, biased))

    def quantized(self, site: Site, values: Sequence[Array | None]) -> Array:
        x, w = values[0], values[1]
        assert x is not None and w is not None
        self._check(site)
        if wide.is_wide(site):
            sums = self._rows(site, x, w).astype(np.int64) @ w.T.astype(np.int64)
            sums += bias_of(site, len(w), np.int64)
            scales = self.output_multipliers(site)
            return self._shaped(site, x, wide.finish(site, sums, *scales))
        w = w.astype(np.float64) - site.input(1).zero_point
        acc = self._rows(site, x, w).astype(np.float64) @ w.T
        acc += folded_bias(site, w.sum(1))
        return self._shaped(site, x, finish(site, acc, *self.output_multipliers(site)))

    def pack(self, site: Site) -> list[Call]:
        if wide.is_wide(site):
            return self._pack_direct(site)
        if real.is_real(site):
            return self._pack_float(site)
        site.require_int8(0)
        self._check(site)
        if site.input(1).zero_point:
            return self._pack_direct(site)
        weights = site.const(1)
        out_c, in_c = weights.shape
        bias = folded_bias(site, weights.sum(1, dtype=np.int64))
        suffix, consts = self._filters(site, bias)
        return [dense_call(site, suffix, consts, in_c, out_c)]

    def _filters(self, site: Site, bias: Ints) -> tuple[str, dict[str, Array]]:
        """The ending of the kernel's name, and its constants."""
        weights, scales = site.const(1), self.output_multipliers(site)
        if site.layout in NIBBLES:
            packed = filter_nibbles(weights, bias, *scales)
            if packed is not None:
                return "_nibbles", packed
        return filters_for(site.layout, weights, bias, *scales, floor=rectified_at(site))

    def _pack_direct(self, site: Site) -> list[Call]:
        """A convolution of one tap over rows of one pixel, for int16 and asymmetric weights."""
        if is_int16 := wide.is_wide(site):
            wide.require_int16(site, 0)
        self._check(site)
        w = site.const(1)
        out_c, in_c = w.shape
        rows = site.output.size // out_c
        mult, shift = (np.broadcast_to(v, out_c) for v in self.output_multipliers(site))
        if is_int16:
            wide.check_shifts(site, shift)
        low, high = int8_range(site)
        limits = {"act_min": low, "act_max": high}
        conv = geometry(rows, in_c, out_c)
        groups = {"group_in": in_c, "group_out": out_c}
        if is_int16:
            groups |= {"narrow": int(wide.is_narrow(site)), **limits}
        else:
            groups["w_zero"] = site.input(1).zero_point
            zeros = {"in_zero": site.input(0).zero_point, "out_zero": site.output.zero_point}
            conv |= {**zeros, **limits}
        bias = bias_of(site, out_c, np.int64 if is_int16 else np.int32)
        size = site.output.dtype.itemsize
        return [
            Call(
                "conv_16" if is_int16 else "conv_2d_groups",
                {"conv": conv, **groups},
                (site.in_ref(0),),
                site.out_ref(),
                rows,
                consts={"weights": w, "bias": bias, "mult": mult, "shift": shift},
                reads=(Rows(size * in_c, rows),),
                row_bytes=size * out_c,
            )
        ]

    def _pack_float(self, site: Site) -> list[Call]:
        real.check(site)
        self._check_format(site)
        w = site.const(1)
        out_c, in_c = w.shape
        rows = site.output.size // out_c
        params = {
            "conv": geometry(rows, in_c, out_c),
            "group_in": in_c,
            "group_out": out_c,
            **real.params(site),
        }
        return [
            Call(
                "conv_float",
                params,
                (site.in_ref(0),),
                site.out_ref(),
                rows,
                consts={
                    "weights": real.blocks(w, out_c),
                    "bias": bias_of(site, out_c, np.float32),
                },
                reads=(Rows(4 * in_c, rows),),
                row_bytes=4 * out_c,
            )
        ]

    @staticmethod
    def _check(site: Site) -> None:
        check_weights(site)
        FullyConnected._check_format(site)

    @staticmethod
    def _check_format(site: Site) -> None:
        if site.option("weights_format"):
            raise site.unsupported("shuffled weights")

    @staticmethod
    def output_multipliers(site: Site) -> tuple[Ints, Ints]:
        """Multipliers and shifts: [1], or [o] for per-channel weights.

        With one scale TFLite multiplies scales in float32 (GetQuantizedConvolutionMultipler),
        with several in double (PopulateConvolutionQuantizationParams)."""
        quant = site.input(1).quant
        if quant is not None and quant.per_channel:
            return channel_multipliers(site, site.input(1).shape[0])
        product = np.float32(site.input(0).scale) * np.float32(site.input(1).scale)
        return multipliers(np.array([float(product) / site.output.scale]))

    @staticmethod
    def _rows(site: Site, x: Array, w: Array) -> Array:
        return x.reshape(-1, w.shape[1])

    @staticmethod
    def _shaped(site: Site, x: Array, y: Array) -> Array:
        return y.reshape(*x.shape[:-1], -1) if site.option("keep_num_dims") else y
