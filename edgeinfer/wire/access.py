# SPDX-License-Identifier: Apache-2.0
"""Whether this user may use boards on USB: the group of serial ports, udev's rules; on Linux."""

import contextlib
import grp
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

GROUPS = ("dialout", "uucp")  # that serial ports belong to: of Debian and Fedora, of Arch
RULES_FOLDERS = tuple(Path(root, "udev/rules.d") for root in ("/etc", "/run", "/usr/lib"))
RULES = "platformio-udev.rules"  # the end of their name; PlatformIO brings them


def missing_group(ports: Sequence[str] = ()) -> str:
    """The group that this user must join to open these ports, or any if none is there yet; ""
    if nothing is to be done."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return ""
    for port in ports:
        with contextlib.suppress(OSError, KeyError):
            if not os.access(port, os.R_OK | os.W_OK):
                return grp.getgrgid(Path(port).stat().st_gid).gr_name
    known = [each for name in GROUPS if (each := _group(name))]
    if ports or not known or any(each.gr_gid in _groups() for each in known):
        return ""
    return known[0].gr_name


def joined(group: str) -> bool:
    """Whether this user is in the group already, from the next login on."""
    found = _group(group)
    with contextlib.suppress(KeyError):
        return found is not None and pwd.getpwuid(os.geteuid()).pw_name in found.gr_mem
    return False


def lacks_rules() -> bool:
    """Whether udev is at work and has no rules for uploaders that talk to USB themselves."""
    if sys.platform != "linux" or not RULES_FOLDERS[0].is_dir():
        return False
    return not any(
        file.name.endswith(RULES)
        for folder in RULES_FOLDERS
        if folder.is_dir()
        for file in folder.iterdir()
    )


def _group(name: str) -> grp.struct_group | None:
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def _groups() -> set[int]:
    return {*os.getgroups(), os.getegid()}
