# SPDX-License-Identifier: Apache-2.0
"""Local PlatformIO platform. Its one task here is to provide SCons from the Python environment,
where PlatformIO would otherwise download its package tool-scons."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from platformio.dependencies import get_core_dependencies
from platformio.platform.base import PlatformBase
from platformio.project.config import ProjectConfig

_RUN_SCONS = """import sys
from SCons.Script.Main import main
sys.exit(main())
"""


class EdgeinferPlatform(PlatformBase):  # type: ignore[misc]
    def configure_default_packages(self, options: Any, targets: Any) -> Any:
        if importlib.util.find_spec("SCons") is not None:
            folder = Path(ProjectConfig().get("platformio", "core_dir")) / "edgeinfer-scons"
            folder.mkdir(parents=True, exist_ok=True)
            version = get_core_dependencies()["tool-scons"].lstrip("~^=>")
            _write(folder / "package.json", json.dumps({"name": "tool-scons", "version": version}))
            _write(folder / "scons.py", _RUN_SCONS)
            self.packages["tool-scons"] = {
                "owner": "platformio",
                "version": f"symlink://{folder}",
                "optional": False,
            }
        return super().configure_default_packages(options, targets)


def _write(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
