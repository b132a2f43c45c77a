# SPDX-License-Identifier: Apache-2.0
"""edgeinfer quantize: float .tflite + samples → int8 .tflite, with a report."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from edgeinfer import tflite
from edgeinfer.cli import budget, common, data, measure
from edgeinfer.cli.rater import rater
from edgeinfer.cli.ui import Ui, size, some
from edgeinfer.errors import DataError, QuantizeError
from edgeinfer.graph import Array, Graph
from edgeinfer.image import read_image
from edgeinfer.paths import cache_dir
from edgeinfer.plan import METADATA_KEY, offline_metadata
from edgeinfer.quantize import FAST, Samples, Settings, quantize
from edgeinfer.quantize import load as load_samples
from edgeinfer.quantize.check import check_float
from edgeinfer.quantize.choose import Trial, choose
from edgeinfer.quantize.narrow import packed_layers
from edgeinfer.quantize.real import float_layers
from edgeinfer.quantize.recipe import sensitivity
from edgeinfer.quantize.settings import CHOICES
from edgeinfer.quantize.wide import wide_layers
from edgeinfer.report import accuracy
from edgeinfer.session import Session

NAME, HELP = "quantize", "turn a float .tflite into an int8 .tflite, calibrated on your samples"
EXAMPLES = (
    "edgeinfer quantize model.tflite --calib samples.npz",
    "edgeinfer quantize model.tflite --calib x.npy -n 100 -o small.tflite",
    "edgeinfer quantize model.tflite --calib x.npz --fast --io float32",
    "edgeinfer quantize model.tflite --calib photographs/ --scale 127.5 --offset -1",
    "edgeinfer quantize model.tflite --calib sounds/ --frontend frontend.tflite --hop 320",
    "edgeinfer quantize model.tflite --calib x.npz --report report.html",
    "edgeinfer quantize new.tflite --calib x.npz --recipe model_int8.json",
    "edgeinfer quantize model.tflite --calib x.npz --mixed --board nano33ble",
    "edgeinfer quantize model.tflite --calib x.npz --int16 -o model_16x8.tflite",
    "edgeinfer quantize model.tflite --calib x.npz --int4 --max-flash 100000",
    "edgeinfer quantize model.tflite --calib x.npz --float conv2d/Relu --float lstm",
)
DEFAULTS = Settings()
MIXED = 0.9  # part of the loss that --mixed takes away
SHOWN = 4  # names of layers


def arguments(parser: argparse.ArgumentParser) -> None:
    common.model_argument(parser)
    parser.add_argument(
        "--calib",
        required=True,
        metavar="DATA",
        help=".npz (samples x, labels y if there) or .npy, a folder of images or WAV files, or "
        "MODULE:FUNCTION of a Python function that returns them",
    )
    data.preprocess_arguments(parser)
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="default: MODEL_int8.tflite; a recipe OUT.json too"
    )
    parser.add_argument(
        "-n", type=common.positive, metavar="N", help="calibrate on the first N samples only (all)"
    )
    parser.add_argument(
        "--recipe", metavar="R", help="settings of an earlier run's .json; options here win"
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the simple pipeline: percentile ranges and plain rounding, in a second or so",
    )
    parser.add_argument(
        "--io",
        choices=CHOICES["io"],
        help=f"type of inputs and outputs (default {DEFAULTS.io}; int16 with --int16)",
    )
    types = parser.add_mutually_exclusive_group()
    types.add_argument(
        "--int16",
        dest="activations",
        action="store_const",
        const="int16",
        help="activations of 16 bits (16x8): twice the RAM, and many times as slow",
    )
    types.add_argument(
        "--mixed",
        nargs="?",
        type=_part,
        const=MIXED,
        metavar="PERCENT",
        help="16 bits only where rounding to 8 costs the most, until PERCENT of that is gone "
        f"(default {100 * MIXED:.0f}), or the budget is spent",
    )
    parser.add_argument(
        "--float",
        dest="floats",
        nargs="?",
        action="append",
        const="",
        metavar="LAYER",
        help="a layer that stays float32, by the name of its output; once for each. Without a name "
        "--mixed may choose layers, where there is no 16-bit form",
    )
    parser.add_argument(
        "--int4",
        action="store_const",
        const=True,
        help="weights of 4 bits in dense layers and pointwise convolutions: in as many as the "
        "budget asks for, without one in all; half the flash, but slower and less accurate",
    )
    budget.arguments(parser)
    stages = parser.add_argument_group("stages")
    stages.add_argument(
        "--ranges",
        choices=CHOICES["ranges"],
        help=f"how activation ranges are chosen (default {DEFAULTS.ranges})",
    )
    stages.add_argument(
        "--percentile",
        type=float,
        metavar="P",
        help=f"ranges that leave out what lies beyond the P-th percentile ({DEFAULTS.percentile})",
    )
    stages.add_argument(
        "--rounding",
        choices=CHOICES["rounding"],
        help=f"of weights: against the layer's inputs, or plain (default {DEFAULTS.rounding})",
    )
    for option, name, text in (
        ("--per-tensor", "per_channel", "one scale per weight tensor, not per channel"),
        ("--no-fold", "fold", "leave batch normalization as products and sums of its own"),
        ("--no-pool-scales", "pool_scales", "pools over whole images share their input's scale"),
        ("--no-equalize", "equalize", "leave the channels between layers as they are"),
        ("--no-compensation", "compensate", "weights do not make good for layers before them"),
        ("--no-weight-scales", "weight_scales", "a channel's scale is its largest weight's"),
        ("--no-split", "split", "dead channels stay so: less RAM and time, but less accurate"),
        ("--keep-outliers", "robust", "calibrate on samples far beyond the others as they are"),
        ("--no-bias-correction", "correct_bias", "keep biases as they are"),
    ):
        stages.add_argument(option, dest=name, action="store_const", const=False, help=text)
    stages.add_argument(
        "--refine",
        action="store_const",
        const=True,
        help="try factors of all scales in the int8 network: of use after --ranges other than "
        f"{DEFAULTS.ranges}",
    )
    stages.add_argument(
        "--tries",
        type=common.positive,
        metavar="N",
        help="search with N different draws at random, and keep the model that loses least on the "
        f"calibration samples (default {DEFAULTS.tries}; 1 is the quickest)",
    )
    stages.add_argument(
        "--seed",
        type=common.natural,
        metavar="S",
        help=f"of what is drawn at random (default {DEFAULTS.seed})",
    )
    parser.add_argument("--labels", metavar="Y.npy", help="labels, if DATA has none")
    parser.add_argument(
        "--evaluate",
        metavar="MODULE:FUNCTION",
        help="try several settings and keep those for which this function returns the most; it is "
        "given an edgeinfer.Interpreter (calibrated anew each time: about seven times as long)",
    )
    data.report_argument(parser)


def run(args: argparse.Namespace, ui: Ui) -> dict[str, Any]:
    graph = check_float(common.load(args.model))
    settings, preprocess = _settings(args), data.preprocess(args)
    out, recipe = _outputs(args)
    beyond = budget.judge(args)
    samples = load_samples(args.calib, graph, preprocess)
    if args.labels:
        samples = replace(samples, labels=data.read_labels(args.labels, len(samples)))
    calibration = samples.first(args.n) if args.n is not None else samples
    rate, trials = rater(args.evaluate) if args.evaluate else None, list[Trial]()
    with ui.progress("Quantizing") as advance:
        how: dict[str, Any] = {
            "progress": lambda stage, part: advance(part, stage),
            "cache": cache_dir() / "quantize",
            "misfit": beyond,
            **settings,
        }
        if rate:
            done, trials = choose(graph, calibration, rate, **how)
        else:
            done = quantize(graph, calibration, **how)
    result = replace(done.graph, metadata={**done.graph.metadata, **preprocess.as_metadata()})
    if not result.subgraphs:
        metadata = {**result.metadata, METADATA_KEY: offline_metadata(result)}
        result = replace(result, metadata=metadata)
    made = common.compiled(result, out, ui)
    why = beyond(result) if beyond else ""
    warnings = [*done.warnings, *([f"The model is beyond the budget. {why}"] if why else [])]
    for text in warnings:
        ui.warn(text)
    shown = done.samples.followed_by(samples.without(range(len(calibration))))
    with ui.progress("Comparing with float") as advance:
        report = _compared(graph, result, made.image, shown, advance)
    with ui.progress("Comparing layer by layer") as advance:
        report |= measure.by_layer(graph, result, shown.inputs, advance)
    files = {
        out: tflite.write(result),
        recipe: (json.dumps(done.recipe, indent=1) + "\n").encode(),
    }
    report = {
        "model": args.model,
        "output": out,
        "recipe": recipe,
        "settings": done.recipe["settings"],
        "calibration_samples": len(done.samples),
        "float_bytes": data.size_of(args.model),
        "model_bytes": len(files[out]),
        "image_bytes": len(made.image),
        "arena_bytes": read_image(made.image).arena_bytes,
        "warnings": warnings,
        "sensitivity": sensitivity(done.recipe),
        "int16_layers": wide_layers(result),
        "int4_layers": packed_layers(result),
        "float_layers": float_layers(result),
        "trials": [asdict(trial) for trial in trials],
        **report,
    }
    if args.report:
        files[args.report] = accuracy(report, made.plan)
        report["report"] = args.report
    data.write_whole(files)
    return report


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of quantize(): options, else --fast or the recipe's, else the defaults."""
    names = DEFAULTS.as_dict()
    given = {k: getattr(args, k) for k in names if getattr(args, k, None) is not None}
    if args.activations == "int16" and args.io is None:
        given["io"] = "int16"
    if args.floats:
        if "" in args.floats and not args.mixed:
            raise DataError(
                "--float without a layer's name needs --mixed.", "Give both, or name it."
            )
        given["floats"] = [name for name in args.floats if name]
        given["mixed_float"] = "" in args.floats
    if args.percentile is not None and args.ranges is None:
        given["ranges"] = "percentile"
    base = _recipe(args.recipe) if args.recipe else {}
    return {**base, **(FAST if args.fast else {}), **given}


def _part(text: str) -> float:
    return common.percent(text) / 100


def _recipe(path: str) -> dict[str, Any]:
    remedy = "Give the .json that 'edgeinfer quantize' wrote beside a model."
    try:
        settings = json.loads(Path(path).read_text(encoding="utf-8"))["settings"]
        Settings.of(settings)
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise DataError(f"Cannot read the recipe '{path}': {what}.", remedy) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"'{path}' is not a recipe.", remedy) from error
    except QuantizeError as error:
        raise DataError(f"The recipe '{path}' is wrong: {error.what}", error.remedy) from error
    return dict(settings)


def _outputs(args: argparse.Namespace) -> tuple[str, str]:
    """Paths of the model and the recipe, checked before the work."""
    model = Path(args.model)
    out = args.output or str(model.with_name(f"{model.stem}_int8.tflite"))
    recipe = str(Path(out).with_suffix(".json"))
    if Path(out).suffix == ".json":
        raise DataError(f"'{out}' would be the recipe's name.", "Let OUT end in .tflite.")
    data.check_report(args.report)
    for path in filter(None, (out, recipe, args.report)):
        data.check_writable(path)
        for source in (args.model, args.calib, args.labels):
            if source and Path(path).resolve() == Path(source).resolve():
                raise DataError(f"'{path}' would be overwritten.", "Give another name with -o.")
    return out, recipe


def _compared(
    graph: Graph, quantized: Graph, image: bytes, samples: Samples, advance: Any
) -> dict[str, Any]:
    """The int8 model's figures against float on all samples, float's own top-1 beside them."""
    wanted = measure.float_outputs(graph, samples.inputs, lambda done: advance(done / 2))
    session = Session(image)

    def run_int8(inputs: Sequence[Array]) -> list[Array]:
        session.reset()  # as each sample found it in the calibration
        return session.run(inputs)

    got = measure.outputs(quantized, samples.inputs, run_int8, lambda done: advance(0.5 + done / 2))
    beside = measure.figures(wanted, samples.labels, None)["top1"]
    figures = measure.figures(got, samples.labels, wanted)
    return {"evaluated_samples": len(samples), "float_top1": beside, **figures}


def show(result: dict[str, Any], ui: Ui) -> None:
    ui.say(f"Wrote {result['output']} ({size(result['model_bytes'])}) and {result['recipe']}")
    ui.say(
        f"  on a board: image {size(result['image_bytes'])} of flash, "
        f"arena {size(result['arena_bytes'])} of RAM"
    )
    for kind, what in (
        ("int16_layers", "in int16"),
        ("int4_layers", "with int4 weights"),
        ("float_layers", "in float32"),
    ):
        if found := result[kind]:
            names = ", ".join([*found[:SHOWN], *["…"] * (len(found) > SHOWN)])
            ui.say(f"  {some(len(found), 'layer')} {what}: {names}")
    if result["int16_layers"] and result["sensitivity"]:
        most = (f"{t['name']} {t['percent']:.0f} %" for t in result["sensitivity"][:SHOWN])
        ui.say(f"  what rounding all activations to int8 would cost: {', '.join(most)} …")
    n, calibrated = result["evaluated_samples"], result["calibration_samples"]
    ui.say(f"  int8 against float on {some(n, 'sample')} ({calibrated} of them calibrated it):")
    for line in measure.lines(result):
        ui.say("    " + line)
    _show_trials(result, ui)
    measure.say_layers(result, ui)
    data.say_report(result, ui)


def _show_trials(result: dict[str, Any], ui: Ui) -> None:
    """What the user's own measure said of each run."""
    if not result["trials"]:
        return
    rows = []
    for trial in result["trials"]:
        changed = ", ".join(f"{name} {value}" for name, value in trial["changed"].items())
        better = "better, kept" if trial["kept"] and trial["changed"] else ""
        rows.append([f"{trial['score']:.6g}", changed or "as given", better])
    ui.say()
    ui.table(rows, ["your measure", "settings", ""], "rll")
