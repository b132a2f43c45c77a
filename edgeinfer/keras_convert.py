# SPDX-License-Identifier: Apache-2.0
"""Keras model → float .tflite: `python keras_convert.py MODEL OUT.tflite`, in a process of its own,
because TensorFlow takes its time and talks. Imports nothing of edgeinfer."""

from __future__ import annotations

import os
import sys
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
        return bytes(tf.lite.TFLiteConverter.from_keras_model(legacy).convert())
    with tempfile.TemporaryDirectory() as folder:
        loaded.export(folder)
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # the reason is the last line, for the caller to show
        line = " ".join(str(error).split())
        sys.exit(f"{type(error).__name__}: {line[:300]}")
