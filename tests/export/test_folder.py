# SPDX-License-Identifier: Apache-2.0
"""What an export writes, replaces, and leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeinfer.errors import DataError
from edgeinfer.export import KINDS, export, folder, identifier
from tests.export.conftest import tiny

Listing = dict[str, bytes]


def listing(place: Path) -> Listing:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def test_only_the_kernels_in_use_are_written(one: bytes, tmp_path: Path) -> None:
    made = export(one, tmp_path / "x", "c", model="tiny.tflite")
    kernels = {f.rpartition("/")[2] for f in made.files if f.endswith(".c") and "kernels" in f}
    assert kernels == {f"{k}.c" for k in made.kernels}
    assert sorted(listing(tmp_path / "x")) == sorted([*made.files, folder.MANIFEST])


def test_an_earlier_export_is_replaced_and_other_files_stay(
    one: bytes, two: bytes, tmp_path: Path
) -> None:
    target = tmp_path / "x"
    export(two, target, "arduino", model="two.tflite")
    (target / "notes.txt").write_text("mine")
    made = export(one, target, "c", model="tiny.tflite")
    assert sorted(listing(target)) == sorted([*made.files, folder.MANIFEST, "notes.txt"])
    assert not (target / "examples").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_export_again_changes_nothing(kind: str, one: bytes, tmp_path: Path) -> None:
    export(one, tmp_path / "x", kind, model="m.tflite")
    before = listing(tmp_path)
    export(one, tmp_path / "x", kind, model="m.tflite")
    assert listing(tmp_path) == before


def refused(image: bytes, target: Path, says: str) -> None:
    before = listing(target.parent)
    with pytest.raises(DataError, match=says) as error:
        export(image, target, "c", model="m.tflite")
    assert error.value.remedy
    assert listing(target.parent) == before


def test_a_folder_of_other_files_is_refused(one: bytes, tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    refused(one, target, "not empty")
    (target / folder.MANIFEST).write_text('{"files": {"../y": 1}}')
    refused(one, target, "not empty")
    (target / folder.MANIFEST).write_text("[]")
    refused(one, target, "not empty")


def test_an_edited_file_is_not_overwritten(one: bytes, two: bytes, tmp_path: Path) -> None:
    target = tmp_path / "x"
    export(one, target, "c", model="m.tflite")
    (target / "example.c").write_text("int main(void) { return my_own(); }")
    refused(two, target, "example.c was changed")


def test_a_file_in_the_way_is_refused(one: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file")
    refused(one, tmp_path / "x", "not a folder")


def test_nothing_stays_when_the_disk_is_full(
    one: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = Path.write_bytes, 0

    def failing(self: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count == 5:
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises(OSError, match="No space"):
        export(one, tmp_path / "x", "c", model="m.tflite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("digits", "digits"),
        ("my-model v2.int8", "my_model_v2_int8"),
        ("2nd", "model_2nd"),
        ("_x_", "x"),
        ("模型", "model"),
        ("Time", "Time_model"),
        ("string", "string_model"),
        ("x" * 100, "x" * 40),
    ],
)
def test_names_become_identifiers(name: str, wanted: str) -> None:
    assert identifier(name) == wanted


@pytest.mark.parametrize("name", ["a b", "3d", "string", "é", "_a"])
def test_a_name_that_c_does_not_take_is_refused(name: str, one: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot name"):
        export(one, tmp_path / "x", "c", model="m.tflite", name=name)
    assert list(tmp_path.iterdir()) == []


def test_a_strange_file_name_cannot_leave_a_comment(one: bytes, tmp_path: Path) -> None:
    export(tiny("a*/b"), tmp_path / "x", "c", model="*/ #error \\\n?.tflite")
    text = (tmp_path / "x" / "src" / "a_b.h").read_text()
    assert text.count("*/") == text.count("/*")
