# SPDX-License-Identifier: Apache-2.0
"""A model's name as C, header files and package managers take it."""

from __future__ import annotations

import re

from edgeinfer.errors import DataError

# Headers of C, POSIX, C++ and Arduino, which a library's own must not hide.
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings
    tgmath threads time uchar unistd wchar wctype new exception typeinfo arduino binary client
    print printable server stream udp wire spi eeprom hid edgeinfer
    """,
    )
)
_LONGEST = 40


def identifier(name: str) -> str:
    """A C identifier like the name: letters, digits and underscores, none of them leading."""
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:_LONGEST].rstrip("_")
    if not word or not word[0].isalpha():
        word = f"model_{word}".rstrip("_")
    return f"{word}_model" if word.lower() in _TAKEN else word


def require_identifier(name: str) -> str:
    """The name as it is. Raises DataError when C or a header's name cannot have it."""
    if identifier(name) != name:
        raise DataError(
            f"{name!r} cannot name the library's functions.",
            f"Use letters, digits and underscores, such as {identifier(name)}.",
        )
    return name
