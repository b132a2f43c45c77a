# SPDX-License-Identifier: Apache-2.0
"""pytest plugin: the fixture `edgeinfer_target` and the option `--edgeinfer-board`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from edgeinfer import paths
from edgeinfer.boards.board import load_board
from edgeinfer.errors import EdgeinferError
from edgeinfer.testing import HOST, Target

OPTION = "--edgeinfer-board"
_TARGETS = pytest.StashKey[dict[str, Target]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("edgeinfer").addoption(
        OPTION,
        action="append",
        default=[],
        metavar="NAME",
        help="where tests with the fixture edgeinfer_target run: a board of 'edgeinfer boards', or "
        "'host' (the default); several by commas, or by naming the option again",
    )


def pytest_configure(config: pytest.Config) -> None:
    try:
        for name in _names(config):
            if name != HOST:
                load_board(name)
    except EdgeinferError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from error
    config.stash[_TARGETS] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    for target in config.stash.get(_TARGETS, {}).values():
        target.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "edgeinfer_target" in metafunc.fixturenames:
        metafunc.parametrize("edgeinfer_target", _names(metafunc.config), indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With pytest-xdist's --dist loadgroup one worker has a board, and flashes it once."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("edgeinfer_target", HOST) if callspec else HOST
        if name != HOST:
            item.add_marker(pytest.mark.xdist_group(f"edgeinfer-{name}"))


@pytest.fixture
def edgeinfer_target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Where this test runs its models: `load` gives one to measure."""
    targets, name = request.config.stash[_TARGETS], str(request.param)
    if name not in targets:
        # Builds are kept for the next session; each worker has emulators of its own.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        targets[name] = Target(name, paths.cache_dir() / "pytest" / worker)
    yield targets[name]


def _names(config: pytest.Config) -> list[str]:
    """The targets named, each once."""
    named = [word.strip() for value in config.getoption(OPTION) for word in value.split(",")]
    return list(dict.fromkeys(word for word in named if word)) or [HOST]
