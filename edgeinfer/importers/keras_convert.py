# SPDX-License-Identifier: Apache-2.0
"""Keras model → float .tflite, with TensorFlow's converter; run by alone.py."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any


def main(model: str, out: str) -> None:
    """Write the .tflite. Raises whatever TensorFlow raises."""
    import tensorflow as tf

    if Path(model).is_dir():
        data = tf.lite.TFLiteConverter.from_saved_model(model).convert()
    else:
        data = _keras(tf, model)
    Path(out).write_bytes(data)


def _keras(tf: Any, model: str) -> bytes:
    """Keras 3 reads its own files, and only some of Keras 2; tf-keras reads those."""
    try:
        loaded = tf.keras.models.load_model(model, compile=False)
    except Exception as first:
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        try:
            import tf_keras
        except ImportError:
            raise first from None
        legacy = tf_keras.models.load_model(model, compile=False)
        _unroll(legacy)
        return bytes(tf.lite.TFLiteConverter.from_keras_model(legacy).convert())
    _unroll(loaded)
    with tempfile.TemporaryDirectory() as folder:
        loaded.export(folder)
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def _unroll(model: Any) -> None:
    """Let recurrent layers be one step after the other: TensorFlow's converter makes a loop of
    lists of them, or refuses, and of Keras 2's an operator that keeps its state between samples."""
    for layer in model._flatten_layers():
        if hasattr(layer, "unroll"):
            layer.unroll = True
            layer._could_use_gpu_kernel = False  # of Keras 2: what else it would trace
