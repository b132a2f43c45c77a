# SPDX-License-Identifier: Apache-2.0
"""Files that commands read and write besides models: samples, labels, outputs."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from edgeinfer import evaluate
from edgeinfer.cli.ui import Ui
from edgeinfer.errors import DataError
from edgeinfer.graph import Array, Graph, Tensor
from edgeinfer.quantize.preprocess import FITS, Preprocess, remembered
from edgeinfer.quantize.samples import read, require_finite
from edgeinfer.quantize.shapes import choose, fit, labels_of

PLAIN = Preprocess()
NAMES = [field.name for field in fields(Preprocess)]


def preprocess_arguments(parser: argparse.ArgumentParser) -> None:
    """--scale, --offset and so on: how samples become what the float network takes."""
    group = parser.add_argument_group("samples")
    group.add_argument(
        "--scale", type=float, metavar="S", help=f"divide samples by S (default {PLAIN.scale:g})"
    )
    group.add_argument(
        "--offset", type=float, metavar="O", help=f"then add O (default {PLAIN.offset:g})"
    )
    group.add_argument(
        "--fit",
        choices=FITS,
        help=f"images in another size than the input's (default {PLAIN.fit})",
    )
    group.add_argument(
        "--frontend", metavar="F.tflite", help="makes features of sound, for a folder of WAV files"
    )
    group.add_argument(
        "--hop",
        type=int,
        metavar="H",
        help="samples of sound from one of its windows to the next (default: a whole window)",
    )


def report_argument(parser: argparse.ArgumentParser) -> None:
    """--report: where the page goes."""
    parser.add_argument(
        "--report", metavar="FILE.html", help="write a page with plots, in one file, too"
    )


def check_report(path: str | None) -> None:
    """Raises DataError at once when there could be no page at the end."""
    if path is None:
        return
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise DataError(f"The report '{path}' would be a page.", "Let its name end in .html.")
    check_writable(path)


def say_report(result: Mapping[str, Any], ui: Ui) -> None:
    """Where the page is, if there is one."""
    if "report" in result:
        ui.say()
        ui.say(f"Wrote {result['report']}")


def preprocess(args: argparse.Namespace, graph: Graph | None = None) -> Preprocess:
    """What the options say; without any, what a quantized model remembers."""
    given = {k: v for k in NAMES if (v := getattr(args, k)) is not None}
    if not given and graph is not None and Path(args.data).is_dir():
        return remembered(graph.metadata)
    return Preprocess(**given)


def read_inputs(path: str, graph: Graph) -> list[list[Array]]:
    """Samples of a .npy or .npz as the model takes them: for each an array per input.

    Arrays of an input's own type pass unchanged, other numbers are quantized. Raises DataError
    naming the file and what is wrong."""
    arrays = read(Path(path))
    try:
        columns = []
        for index, array in zip(graph.inputs, choose(graph, arrays), strict=True):
            tensor = graph.tensors[index]
            columns.append(_samples(fit(array, tensor), tensor))
        counts = [len(column) for column in columns]
        if len(set(counts)) > 1:
            raise DataError(
                f"The inputs have different numbers of samples: {counts}.",
                "Give as many samples for each input.",
            )
    except DataError as error:
        raise DataError(f"{path}: {error.what}", error.remedy) from error
    return [list(sample) for sample in zip(*columns, strict=True)]


def read_labels(path: str, count: int) -> Array:
    """Class numbers (or one-hot rows) of `count` samples: int64 [count]. Raises DataError."""
    arrays = read(Path(path))
    array = next((arrays[k] for k in ("y", "labels", "x") if k in arrays), None)
    if array is None:
        raise DataError(f"{path} holds no labels.", "Save them with numpy.save(file, labels).")
    try:
        labels = labels_of(array, count)
    except DataError as error:
        raise DataError(f"{path}: {error.what}", error.remedy) from error
    assert labels is not None
    return labels


def check_writable(path: str) -> None:
    """Raises DataError at once when a file could not be written there after long work."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise DataError(f"'{path}' is not a file.", "Give the path of a file to write.")
    folder = target.absolute().parent
    if not folder.is_dir():
        raise DataError(
            f"There is no folder '{folder}' to write to.", "Create it, or give another."
        )
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def size_of(path: str) -> int:
    """Bytes of a model's file, or of all files of its folder."""
    place = Path(path)
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())


def write_whole(files: Mapping[str, bytes]) -> None:
    """Write files so that each of them is there whole, or none is. Raises DataError."""
    mask = os.umask(0)
    os.umask(mask)
    made: dict[Path, Path] = {}
    path = ""
    try:
        for path, data in files.items():
            target = Path(path).resolve()
            with tempfile.NamedTemporaryFile(
                dir=target.parent, prefix=f".{target.name}.", delete=False
            ) as file:
                made[target] = Path(file.name)
                file.write(data)
            made[target].chmod(0o666 & ~mask)  # temporary files are private, these are not
        for target, temporary in made.items():
            temporary.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        for temporary in made.values():
            temporary.unlink(missing_ok=True)


def _unwritable(path: str, error: OSError) -> DataError:
    return DataError(
        f"Cannot write '{path}': {(error.strerror or str(error)).lower()}.",
        "Give a path in a folder that you may write to, on a disk that is not full.",
    )


def _samples(x: Array, tensor: Tensor) -> list[Array]:
    """Samples [n, …] of an input as arrays of its shape and type."""
    if x.dtype.kind not in "fiub":
        raise DataError(
            f"The samples for input '{tensor.name}' are of type {x.dtype}.",
            f"Give float32 numbers, or {tensor.dtype} as the model takes them.",
        )
    if not len(x):
        raise DataError(f"There are no samples for input '{tensor.name}'.", "Give one or more.")
    if x.dtype.kind == "f":
        require_finite(x, tensor.name)
    batch = tensor.shape[0]
    if len(x) % batch:
        raise DataError(
            f"The model takes {batch} samples at once, and {len(x)} are no multiple of that.",
            f"Give {len(x) // batch * batch or batch} samples.",
        )
    return list(evaluate.to_input(tensor, x).reshape(-1, *tensor.shape))
