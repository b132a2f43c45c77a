# SPDX-License-Identifier: Apache-2.0
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# New source files have to be known to the editable install.
SOURCES := $(shell find edgeinfer quantize -name '*.py' 2>/dev/null)
LIBRARY := $(shell find csrc edgeinfer/plan/packer -type f 2>/dev/null)
C_FILES := $(shell find csrc edgeinfer firmware -name '*.[ch]' 2>/dev/null)
# Two more than the cores of a small PC: many a test waits for a line or a port.
JOBS ?= 4
# Where ccache is installed, what was compiled stays known until `make clean`: tests/compiling.py.
export CCACHE_DIR ?= $(CURDIR)/build/ccache
export CCACHE_DEPEND ?= 1
FUZZ_SECONDS ?= 120

.PHONY: help setup demo test lint format bench conformance fuzz clean

help:
	@echo 'make demo         set up, then quantize, verify, flash and benchmark real digits on an emulated board'
	@echo 'make test         set up, then lint and run all tests'
	@echo 'make lint         ruff, mypy --strict, clang-format'
	@echo 'make format       format Python and C'
	@echo 'make bench        executed instructions on the emulated boards, beside measured peers'
	@echo 'make conformance  every operator against the reference on every emulated core, as a table'
	@echo 'make fuzz         what reads untrusted files, under guided fuzzers for FUZZ_SECONDS (120) each'
	@echo 'make clean        remove the virtual environment and build outputs'

setup: $(VENV)/.installed

$(VENV)/.tools: pyproject.toml .ci/setup
	@PYTHON=$(PYTHON) .ci/setup
	@echo 'Setting up $(VENV)' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check 'scikit-build-core>=1.0' 'cffi>=2.1' ninja cmake
	@touch $@

# Not rebuilt on import (editable.rebuild): two processes that import at once would both write the
# library. The build folder is kept, so that a C edit costs seconds here.
$(VENV)/.installed: $(VENV)/.tools pyproject.toml $(SOURCES) $(LIBRARY)
	@export CMAKE_C_COMPILER_LAUNCHER=$$(command -v ccache); \
	  test -f $(VENV)/.deps -a $(VENV)/.deps -nt pyproject.toml && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation -e '.[dev]'
	@touch $(VENV)/.deps $@

demo: setup
	@$(BIN)/python -m edgeinfer.demo

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# mypy needs to see quantize/ where the wheel puts it.
	@rm -rf build/types && mkdir -p build/types/edgeinfer && ln -s $(CURDIR)/edgeinfer/* $(CURDIR)/quantize build/types/edgeinfer/
	cd build/types && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p edgeinfer
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)

format: setup
	$(BIN)/ruff check --fix -q . || true
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_FILES)

# TFLite with XNNPACK as a peer on the PC: it wants another numpy.
build/litert/.installed:
	$(PYTHON) -m venv build/litert
	build/litert/bin/python -m pip install -q --disable-pip-version-check 'ai-edge-litert>=2.1' || \
	  echo 'LiteRT is not to be had for this Python: make bench goes on without.' >&2
	@touch $@

bench: setup build/litert/.installed
	LITERT_PYTHON=$(CURDIR)/build/litert/bin/python $(BIN)/python -m tests.bench --write docs/BENCHMARKS.md

conformance: setup
	EDGEINFER_CASES=400 $(BIN)/python -m pytest -n $(JOBS) -q tests/ops
	$(BIN)/python -m tests.conformance

fuzz: setup
	$(BIN)/python -m tests.fuzz image --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz line
	@# Python's libFuzzer, which nothing else needs.
	$(BIN)/python -m pip install -q --disable-pip-version-check 'atheris>=3.0'
	$(BIN)/python -m tests.fuzz model --seconds $(FUZZ_SECONDS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
