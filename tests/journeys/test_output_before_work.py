"""The output folder is claimed before any data are read, and given back when the run fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import plimsoll
from plimsoll.adapters.files.output_folder import open_output
from plimsoll.errors import DataError, DataFormatError, StorageError, UsageError

READING = "plimsoll.journeys.calibrate.read_prices"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Note each reading of prices, which fails."""
    seen: list[object] = []

    def read(*arguments: object) -> None:
        seen.append(arguments)
        raise DataError("must be readable")

    monkeypatch.setattr(READING, read)
    return seen


def test_a_folder_in_use_is_refused_before_data_are_read(
    tmp_path: Path, reads: list[object]
) -> None:
    with open_output(tmp_path / "out"), pytest.raises(UsageError, match="one writer at a time"):
        plimsoll.demo(tmp_path / "out")
    assert reads == []


@pytest.mark.parametrize("name", ["report.html", "parameters.json"])
def test_a_file_of_the_user_is_refused_before_data_are_read(
    tmp_path: Path, reads: list[object], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(StorageError, match=name):
        plimsoll.demo(tmp_path)
    assert reads == []
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_foreign_manifest_is_refused_before_data_are_read(
    tmp_path: Path, reads: list[object]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious.txt").write_text("precious")
    (out / "notes.txt").write_text("notes")
    (out / "manifest.json").write_text(
        json.dumps({"files": {"../precious.txt": {}, "notes.txt": {}}})
    )
    with pytest.raises(DataFormatError, match="manifest of an output folder"):
        plimsoll.demo(out)
    assert reads == []
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert (out / "notes.txt").read_text() == "notes"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_is_refused_before_data_are_read(
    tmp_path: Path, reads: list[object], place: str
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="name a folder"):
        plimsoll.demo(tmp_path / place)
    assert reads == []


def test_a_run_that_fails_leaves_no_folder(tmp_path: Path, reads: list[object]) -> None:
    with pytest.raises(DataError, match="must be readable"):
        plimsoll.demo(tmp_path / "out")
    assert len(reads) == 1
    assert list(tmp_path.iterdir()) == []
