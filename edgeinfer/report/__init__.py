# SPDX-License-Identifier: Apache-2.0
"""What edgeinfer found out, drawn: pictures (SVG, PNG) and pages (HTML) that need nothing else."""

from edgeinfer.report.accuracy import accuracy
from edgeinfer.report.benchmark import benchmark, events
from edgeinfer.report.plot import plotter

__all__ = ["accuracy", "benchmark", "events", "plotter"]
