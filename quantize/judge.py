# SPDX-License-Identifier: Apache-2.0
"""What the integer network itself loses (probes.py), run in the C library beside the float one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgeinfer import evaluate, native, reference
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph
from edgeinfer.plan import FASTEST
from edgeinfer.quantize.observe import batch_size, batches
from edgeinfer.quantize.probes import Loss
from edgeinfer.session import Session

Floats = npt.NDArray[np.float64]


class Judge:
    """What each sample loses in an integer network, beside the float `graph`.

    `samples` [n, …] are one array for each input."""

    def __init__(self, graph: Graph, samples: Sequence[Array]) -> None:
        loss = Loss(graph, 0)
        self._logits, self._samples = loss.logits, samples
        self.count, unit = len(samples[0]), graph.tensors[graph.inputs[0]].shape[0]
        parts = [
            reference.run(loss.graph, [x[rows] for x in samples])
            for rows in batches(np.arange(self.count), batch_size(graph, samples), unit)
        ]
        outputs = [np.concatenate(part) for part in zip(*parts, strict=True)]
        power = loss.power(dict(zip(loss.graph.outputs, outputs, strict=True)))
        self._power = [power[t] for t in loss.graph.outputs]
        self._wanted = [y.reshape(len(y), -1).astype(np.float64) for y in outputs]

    def losses(self, graph: Graph) -> Floats:
        """The loss of each sample: [n]."""
        head = (evaluate.before_softmax(graph) if self._logits else None) or graph
        made = compile_graph(head, passes=(), goal=FASTEST, layout=native.HOST_LAYOUT)
        session = Session(made.image)
        feeds = [
            evaluate.to_input(head.tensors[t], x)
            for t, x in zip(head.inputs, self._samples, strict=True)
        ]
        unit = head.tensors[head.inputs[0]].shape[0]
        parts = []
        for i in range(0, self.count, unit):
            session.reset()
            parts.append(session.run([x[i : i + unit] for x in feeds]))
        total = np.zeros(self.count)
        for t, power, wanted, got in zip(
            head.outputs, self._power, self._wanted, zip(*parts, strict=True), strict=True
        ):
            real = evaluate.from_output(head.tensors[t], np.concatenate(got))
            e = real.reshape(self.count, -1).astype(np.float64) - wanted
            if self._logits:
                p = np.exp(wanted - wanted.max(1, keepdims=True))
                p /= p.sum(1, keepdims=True)
                e -= e.mean(1, keepdims=True)
                total += (p * e * e).sum(1) - (p * e).sum(1) ** 2
            total += (e * e).sum(1) / power
        return total
