"""The files of a run change together: whatever fails, old or new output stands there whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from plimsoll.adapters.files.output_folder import (
    MANIFEST,
    finish_interrupted,
    open_output,
    verify_output,
)
from plimsoll.adapters.files.output_stage import new_stage, staged
from plimsoll.errors import DataFormatError, StorageError, UsageError


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder, but the manifest."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


OLD = {"a.txt": "old a", "gone.txt": "old", "tables/t.csv": "old t"}
NEW = {"a.txt": "new a", "b.txt": "new b", "tables/t.csv": "new t"}


def run(folder: Path, files: dict[str, str]) -> None:
    with open_output(folder) as output:
        for name, text in files.items():
            output.write(name, text)


def test_new_output_replaces_old_and_leaves_foreign_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("foreign")
    run(tmp_path, OLD)
    assert content(tmp_path) == {**OLD, "mine.txt": "foreign"}
    run(tmp_path, NEW)
    assert content(tmp_path) == {**NEW, "mine.txt": "foreign"}
    assert verify_output(tmp_path) == ()
    assert set(json.loads((tmp_path / MANIFEST).read_text())["files"]) == set(NEW)


def test_the_same_output_has_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "one", NEW)
    run(tmp_path / "two", dict(reversed(NEW.items())))
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


def run_and_fail(folder: Path, error: type[BaseException] | BaseException) -> None:
    with open_output(folder) as output:
        output.write("a.txt", "half of the new")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, StorageError("disk full")])
def test_old_output_stays_when_the_run_fails(
    tmp_path: Path, error: type[BaseException] | BaseException
) -> None:
    run(tmp_path, OLD)
    before = content(tmp_path)
    kind = error if isinstance(error, type) else type(error)
    with pytest.raises(kind):
        run_and_fail(tmp_path, error)
    assert content(tmp_path) == before
    assert verify_output(tmp_path) == ()


class Killed(BaseException):
    """Stands for a process that ends at once: nothing catches it, nothing is cleaned up."""


@pytest.mark.parametrize("after", range(5))
def test_a_move_cut_off_anywhere_is_carried_to_its_end(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, OLD)
    real = os.replace
    moved: list[Path] = []

    def cut_off(source: Path, target: Path) -> None:
        outside = ".plimsoll" not in str(target)
        if outside and len(moved) == after:
            raise Killed
        real(source, target)
        moved.extend([target] if outside else [])

    monkeypatch.setattr("plimsoll.adapters.files.output_folder.os.replace", cut_off)
    if after < 4:  # three files and the manifest
        with pytest.raises(Killed):
            run(tmp_path, NEW)
        assert verify_output(tmp_path) or content_is_old(tmp_path)
    else:
        run(tmp_path, NEW)
    monkeypatch.setattr("plimsoll.adapters.files.output_folder.os.replace", real)
    finish_interrupted(tmp_path)
    assert content(tmp_path) == NEW
    assert verify_output(tmp_path) == ()


def content_is_old(folder: Path) -> bool:
    return {n: t for n, t in content(folder).items() if not n.startswith(".plimsoll")} == OLD


def test_an_interrupt_during_the_move_arrives_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, OLD)
    real = os.replace

    def interrupted(source: Path, target: Path) -> None:
        real(source, target)
        if target == tmp_path / "a.txt":
            raise KeyboardInterrupt

    monkeypatch.setattr("plimsoll.adapters.files.output_folder.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, NEW)
    assert content(tmp_path) == NEW
    assert verify_output(tmp_path) == ()


def test_an_incomplete_stage_of_a_killed_run_is_thrown_away(tmp_path: Path) -> None:
    run(tmp_path, OLD)
    stage = new_stage(tmp_path)
    staged(stage, "a.txt").write_text("half")
    finish_interrupted(tmp_path)
    assert content(tmp_path) == OLD
    assert not stage.exists()


def test_changed_and_missing_files_are_seen(tmp_path: Path) -> None:
    run(tmp_path, NEW)
    (tmp_path / "a.txt").write_text("edited")
    (tmp_path / "b.txt").unlink()
    assert verify_output(tmp_path) == ("a.txt", "b.txt")


def test_names_are_checked(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with open_output(tmp_path) as output:
        output.write("a.txt", "a")
        for name in ("/etc/x", "../x", "a/../../x", ""):
            with pytest.raises(UsageError, match="inside the output folder"):
                output.write(name, "x")
        for name in ("a.txt", MANIFEST):
            with pytest.raises(UsageError, match="written once"):
                output.write(name, "x")
        with pytest.raises(StorageError, match="remove or rename the directory"):
            output.write("folder", "x")
    assert output.names == ("a.txt",)


def test_a_foreign_manifest_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"name": "my web app"}')
    with pytest.raises(DataFormatError, match="manifest of an output folder"):
        run(tmp_path, NEW)
    assert content(tmp_path) == {}
    assert (tmp_path / MANIFEST).read_text() == '{"name": "my web app"}'
