# SPDX-License-Identifier: Apache-2.0
"""A drop-in for tflite_runtime.interpreter.Interpreter that runs edgeinfer's own kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgeinfer import tflite
from edgeinfer.compile import compile_graph
from edgeinfer.graph import Array, Graph
from edgeinfer.session import Session


class Interpreter:
    """Loads a quantized .tflite and runs it with the bytes that a board would give.

    Takes the arguments of TFLite's class that matter here and ignores the others (delegates,
    number of threads, resolver type). Raises EdgeinferError for what cannot be read or run."""

    def __init__(
        self,
        model_path: str | Path | None = None,
        model_content: bytes | None = None,
        **_ignored: Any,
    ) -> None:
        if (model_path is None) == (model_content is None):
            raise ValueError("Give either model_path or model_content.")
        if model_content is not None:
            self._graph: Graph = tflite.read(model_content)
        else:
            assert model_path is not None
            self._graph = tflite.read_file(model_path)
        self._session: Session | None = None
        self._inputs: dict[int, Array] = {}
        self._outputs: dict[int, Array] = {}

    def allocate_tensors(self) -> None:
        """Plan the memory and make the image; inputs start as zeros."""
        self._session = Session(compile_graph(self._graph).image)
        self._inputs = {t: self._zeros(t) for t in self._graph.inputs}
        self._outputs = {t: self._zeros(t) for t in self._graph.outputs}

    def get_input_details(self) -> list[dict[str, Any]]:
        """Name, index, shape, type and quantization of each input."""
        return [self._details(t) for t in self._graph.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Name, index, shape, type and quantization of each output."""
        return [self._details(t) for t in self._graph.outputs]

    def set_tensor(self, tensor_index: int, value: Array) -> None:
        """Set an input. Raises ValueError if type or shape do not match, as TFLite does."""
        tensor = self._graph.tensors[tensor_index]
        value = np.asarray(value)
        if tensor_index not in self._graph.inputs:
            raise ValueError(f"Tensor {tensor_index} is not an input.")
        if value.dtype != tensor.dtype or value.shape != tensor.shape:
            raise ValueError(
                f"Cannot set tensor '{tensor.name}': it takes {tensor.dtype} {tensor.shape}, "
                f"got {value.dtype} {value.shape}."
            )
        self._inputs[tensor_index] = value.copy()

    def invoke(self) -> None:
        """Run the model once."""
        session = self._ready()
        results = session.run([self._inputs[t] for t in self._graph.inputs])
        self._outputs = dict(zip(self._graph.outputs, results, strict=True))

    def get_tensor(self, tensor_index: int) -> Array:
        """A copy of an input or output. Raises ValueError for other tensors: they have no place."""
        self._ready()
        for held in (self._outputs, self._inputs):
            if tensor_index in held:
                return held[tensor_index].copy()
        raise ValueError(f"Tensor {tensor_index} is neither an input nor an output.")

    def reset_all_variables(self) -> None:
        """Put the model's state back to its start."""
        self._ready().reset()

    def _ready(self) -> Session:
        if self._session is None:
            raise RuntimeError("Call allocate_tensors() first.")
        return self._session

    def _zeros(self, index: int) -> Array:
        tensor = self._graph.tensors[index]
        return np.zeros(tensor.shape, tensor.dtype)

    def _details(self, index: int) -> dict[str, Any]:
        tensor = self._graph.tensors[index]
        shape = np.array(tensor.shape, np.int32)
        quant = tensor.quant
        return {
            "name": tensor.name,
            "index": index,
            "shape": shape,
            "shape_signature": shape,
            "dtype": tensor.dtype.type,
            "quantization": (tensor.scale, tensor.zero_point) if quant else (0.0, 0),
            "quantization_parameters": {
                "scales": quant.scale if quant else np.array([], np.float32),
                "zero_points": (quant.zero_point if quant else np.array([])).astype(np.int32),
                "quantized_dimension": quant.axis if quant else 0,
            },
            "sparsity_parameters": {},
        }
