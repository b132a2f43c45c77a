# SPDX-License-Identifier: Apache-2.0
"""The C library seen from Python: kernel numbers, parameter structs, scratch sizes, error names."""

from __future__ import annotations

import functools
import importlib
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeinfer.errors import EdgeinferError

HOSTS = {
    "vnni": ("avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni"),
    "avx2": ("avx2",),
    "portable": (),
}
"""What each of the host's builds wants of the processor, as Linux calls it; the fastest first."""


def _features() -> frozenset[str]:
    """The processor's features; none where Linux does not tell them."""
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    flags = re.search(r"^flags\s*:(.*)$", words, re.MULTILINE)
    return frozenset(flags[1].split()) if flags else frozenset()


def _hosts() -> list[str]:
    """The builds that this processor runs, the fastest first."""
    features = _features()
    return [name for name, wanted in HOSTS.items() if features.issuperset(wanted)]


def _module(host: str) -> str:
    return "edgeinfer._csrc" if host == "portable" else f"edgeinfer._csrc_{host}"


BACKENDS = {
    "host": _module(_hosts()[0]),
    **{name: _module(name) for name in _hosts()},
    "dsp": "edgeinfer._csrc_dsp",
    "armv6m": "edgeinfer._csrc_armv6m",
}
"""`host` is what evaluation runs, the fastest of those that this processor can: `portable`, `avx2`,
`vnni`. `dsp` and `armv6m` are the code for Cortex-M4 and Cortex-M0."""

# The loops over quads for any C99 compiler are short rather than fast.
HOST_LAYOUT = "quads" if "avx2" in BACKENDS or platform.machine() == "aarch64" else "pairs"
"""The layout of filters that `host` runs fastest."""

DTYPES = (
    "int8",
    "float32",
    "int16",
    "int32",
    "uint8",
    "bool",
    "int64",
    "uint32",
    "uint64",
)  # enum ei_dtype


def library(backend: str = "host") -> tuple[Any, Any]:
    """The cffi pair (ffi, lib) of one build of csrc.

    Raises EdgeinferError when the extension module is missing."""
    return extension(BACKENDS[backend])


@functools.cache
def extension(name: str) -> tuple[Any, Any]:
    """The cffi pair (ffi, lib) of an extension module.

    Raises EdgeinferError when it is missing."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise EdgeinferError(
            f"edgeinfer's C code is not built ({error}).",
            "Install the package with 'pip install edgeinfer', or 'make setup' in a checkout.",
        ) from error
    return module.ffi, module.lib


@functools.cache
def kernel_names() -> tuple[str, ...]:
    """All kernels in the order that numbers them in images."""
    _, lib = library()
    names: dict[int, str] = {}
    for name in dir(lib):
        if name.startswith("EI_KERNEL_"):
            names[int(getattr(lib, name))] = name.removeprefix("EI_KERNEL_")
    return tuple(names[i] for i in range(lib.EI_N_KERNELS))


@functools.cache
def kernel_number(name: str) -> int:
    """A kernel's number in images."""
    return kernel_names().index(name)


def encode_params(kernel: str, params: Mapping[str, Any]) -> bytes:
    """The bytes of struct ei_<kernel>_params; fields left out are 0.

    Raises EdgeinferError when a value does not fit its field."""
    ffi, _ = library()
    return bytes(ffi.buffer(_struct(kernel, params)))


def scratch_bytes(kernel: str, params: Mapping[str, Any]) -> int:
    """Bytes of scratch that a kernel needs, as the C library itself says.

    Raises EdgeinferError when a parameter does not fit its field."""
    _, lib = library()
    return int(lib.ei_scratch_bytes(kernel_number(kernel), _struct(kernel, params)))


@functools.cache
def error_text(code: int) -> str:
    """What one of enum ei_error means."""
    _, lib = library()
    names = {int(getattr(lib, n)): n for n in dir(lib) if re.match(r"EI_ERR_", n)}
    texts = {
        "EI_ERR_SIZE": "it is shorter than its own parts say, or not aligned",
        "EI_ERR_FORMAT": "it is not an image: its structure is wrong",
        "EI_ERR_VERSION": "it was made for another version of the C library",
        "EI_ERR_CRC": "its bytes were changed after it was made",
        "EI_ERR_KERNEL": "it uses a kernel that is not linked",
        "EI_ERR_PARAMS": "a kernel's parameters contradict each other",
        "EI_ERR_LOOP": "a loop does not end",
        "EI_ERR_BOUNDS": "a step would leave the arena or the image's data",
    }
    return texts.get(names.get(code, ""), f"error {code}")


def _struct(kernel: str, params: Mapping[str, Any]) -> Any:
    ffi, _ = library()
    try:
        return ffi.new(f"ei_{kernel}_params *", dict(params))
    except (OverflowError, KeyError, TypeError) as error:
        raise EdgeinferError(
            f"Kernel {kernel} cannot take these parameters ({error}).",
            "A dimension is larger than the C library supports (65,535).",
        ) from error
