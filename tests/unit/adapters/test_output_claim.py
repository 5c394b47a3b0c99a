"""An output folder is claimed before the work: what is not ours stays, trouble is told at once."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from plimsoll.adapters.files.digest import file_digest
from plimsoll.adapters.files.output_folder import (
    MANIFEST,
    finish_interrupted,
    open_output,
    verify_output,
)
from plimsoll.adapters.files.output_stage import new_stage
from plimsoll.errors import DataFormatError, PlimsollError, StorageError, UsageError

Patch = pytest.MonkeyPatch
SHA = "0" * 64


def run(folder: Path, **files: str) -> None:
    with open_output(folder) as output:
        for name, text in files.items():
            output.write(name, text)


def refused(folder: Path | str, *names: str) -> PlimsollError:
    """Return the error that the folder is refused with, on entering."""
    entered = False
    with pytest.raises(PlimsollError) as caught, open_output(folder, names):
        entered = True
    assert not entered
    return caught.value


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- what is not ours -----------------------------------------------------------------------------


def manifest(**more: Any) -> dict[str, Any]:
    return {"schema": "plimsoll.output", "schema_version": 1, "files": {}, **more}


def named(name: str, entry: object) -> dict[str, Any]:
    return manifest(files={name: entry})


FOREIGN: dict[str, object] = {
    "no schema": {"files": {"../precious.txt": {}, "notes.txt": {}}},
    "former form": {"schema": 1, "files": {"notes.txt": {"sha256": SHA}}},
    "another schema": manifest(schema="my web app"),
    "a newer release": manifest(schema_version=99),
    "a list": [1, 2],
    "files a list": manifest(files=["notes.txt"]),
    "no digest": named("notes.txt", {}),
    "a digest that is none": named("notes.txt", {"sha256": "*"}),
    "up": named("../precious.txt", {"sha256": SHA}),
    "up in the middle": named("a/../../precious.txt", {"sha256": SHA}),
    "up, as Windows has it": named("..\\precious.txt", {"sha256": SHA}),
    "absolute": named("/etc/precious.txt", {"sha256": SHA}),
    "a drive": named("C:precious.txt", {"sha256": SHA}),
    "itself": named(MANIFEST, {"sha256": SHA}),
    "the folder": named("", {"sha256": SHA}),
}


@pytest.mark.parametrize("document", FOREIGN.values(), ids=FOREIGN)
def test_a_manifest_that_is_not_ours_is_refused_and_nothing_touched(
    tmp_path: Path, document: object
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious.txt").write_text("precious")
    (out / "notes.txt").write_text("notes")
    (out / MANIFEST).write_text(json.dumps(document))
    before = tree(tmp_path)
    error = refused(out)
    assert isinstance(error, DataFormatError)
    assert str(out / MANIFEST) in str(error)
    assert error.remedy
    assert tree(tmp_path) == before
    assert (out / MANIFEST).read_text() == json.dumps(document)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, "null", "7"])
def test_a_manifest_that_is_no_document_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    assert "manifest of an output folder" in str(refused(tmp_path))
    assert tree(tmp_path) == [MANIFEST]


def test_a_manifest_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one" / MANIFEST).mkdir(parents=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / MANIFEST).symlink_to(tmp_path / "nowhere")
    for folder in ("one", "two"):
        assert "manifest of an output folder" in str(refused(tmp_path / folder))


def test_a_former_file_is_deleted_only_as_it_was_written(tmp_path: Path) -> None:
    run(tmp_path, old="as written", edited="as written", replaced="as written")
    (tmp_path / "edited").write_text("my remarks")
    (tmp_path / "replaced").unlink()
    (tmp_path / "mine").write_text("as written")
    (tmp_path / "replaced").symlink_to(tmp_path / "mine")
    run(tmp_path, new="new")
    assert tree(tmp_path) == ["edited", MANIFEST, "mine", "new", "replaced"]
    assert (tmp_path / "edited").read_text() == "my remarks"
    assert verify_output(tmp_path) == ()


def test_a_file_of_another_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("mine")
    error = refused(tmp_path, "set.json", "report.md")
    assert isinstance(error, StorageError)
    assert "name another folder" in error.remedy
    with pytest.raises(StorageError, match=r"report\.md"):
        run(tmp_path, **{"a.txt": "a", "report.md": "ours"})
    assert tree(tmp_path) == ["report.md"]
    assert (tmp_path / "report.md").read_text() == "mine"


def test_folders_that_look_like_a_stage_stay(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    for folder in (out / ".staging", out / ".plimsoll-stage-mine", elsewhere):
        folder.mkdir(parents=True)
        (folder / "precious.txt").write_text("precious")
        (folder / "complete").write_text("")
        (folder / "stage.json").write_text("{}")
    stage = new_stage(elsewhere)
    (out / stage.name).symlink_to(stage)  # a real stage, but of another folder
    (out / ".plimsoll-stage-copy").mkdir()
    (out / ".plimsoll-stage-copy" / "stage.json").write_bytes((stage / "stage.json").read_bytes())
    before = tree(tmp_path)
    run(out, new="new")
    finish_interrupted(out)
    assert tree(tmp_path) == sorted([*before, "out/new", f"out/{MANIFEST}"])


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    run(out, **{"tables/t.csv": "ours"})
    (out / "tables").rename(elsewhere)
    (out / "tables").symlink_to(elsewhere)
    with pytest.raises(StorageError, match="a link that leads out of it"):
        run(out, **{"tables/t.csv": "new"})
    run(out, new="new")  # and the former file of that name is not deleted through it
    assert (elsewhere / "t.csv").read_text() == "ours"


def test_names_of_locks_and_stages_are_not_written(tmp_path: Path) -> None:
    for name in (".plimsoll.lock", ".plimsoll-stage-0/x", "a\\..\\..\\x", "C:\\x", "./x", "x\0"):
        with pytest.raises(UsageError, match="inside the output folder"):
            run(tmp_path, **{name: "x"})
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="must be a folder"):
        run(tmp_path, **{"file/x": "x"})


# --- one writer at a time -------------------------------------------------------------------------

HOLDING = """
    import sys
    from plimsoll.adapters.files.output_folder import open_output

    with open_output(sys.argv[1]) as output:
        output.write("a.txt", "of the other")
        print("claimed", flush=True)
        sys.stdin.readline()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", ["finish", "kill"])
def test_a_folder_that_another_process_holds_is_refused(tmp_path: Path, end: str) -> None:
    with start(HOLDING, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "claimed\n"
        error = refused(tmp_path)
        assert isinstance(error, UsageError)
        assert "another process writes into it" in str(error)
        with pytest.raises(UsageError):
            finish_interrupted(tmp_path)
        if end == "finish":
            holder.stdin.write("\n")
            holder.stdin.flush()
        else:
            holder.kill()
        holder.wait(timeout=20)
    if end == "finish":
        assert (tmp_path / "a.txt").read_text() == "of the other"
    run(tmp_path, b="ours")  # the lock ended with its process
    assert tree(tmp_path) == ["b", MANIFEST]


RACING = """
    import sys
    from plimsoll.adapters.files.output_folder import open_output
    from plimsoll.errors import UsageError

    done = 0
    while done < 15:
        try:
            with open_output(sys.argv[1]) as output:
                for name in range(5):
                    output.write(f"{name}.txt", f"{sys.argv[2]}-{done}")
                output.write(f"only-{sys.argv[2]}-{done}.txt", f"{sys.argv[2]}-{done}")
            done += 1
        except UsageError:
            pass
"""


def test_two_processes_into_one_folder_leave_the_files_of_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    processes = [start(RACING, out, who) for who in "ab"]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert verify_output(out) == ()
    assert len({path.read_text() for path in out.glob("*.txt")}) == 1
    assert len(tree(out)) == 7  # six files and the manifest; no lock, no stage


# --- trouble is told at once ----------------------------------------------------------------------


def test_a_file_is_refused_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    error = refused(tmp_path / "file")
    assert isinstance(error, StorageError)
    assert error.remedy == f"{tmp_path / 'file'} is a file; name a folder"
    below = refused(tmp_path / "file" / "out")
    assert isinstance(below, StorageError)
    assert "name a folder" in below.remedy
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("folder", ["/proc/x", "/proc", "/dev/null/x", "/dev/null", "a" * 5_000])
def test_places_of_the_system_are_refused_with_a_remedy(folder: str) -> None:
    error = refused(folder)
    assert isinstance(error, StorageError)
    assert "folder" in error.remedy or "name" in error.remedy


@pytest.mark.parametrize("folder", ["", "a\0b"])
def test_no_folder_is_refused(folder: str) -> None:
    assert "must name a folder" in str(refused(folder))


@pytest.mark.parametrize("call", ["os.open", "os.mkdir"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: Patch, call: str, code: int
) -> None:
    # The suite may run as root, who may write everywhere: the system's refusal is simulated.
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(call, refuse)
    error = refused(tmp_path / "new" if call == "os.mkdir" else tmp_path)
    monkeypatch.undo()
    assert isinstance(error, StorageError)
    assert "choose" in error.remedy
    assert tree(tmp_path) == []


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: Patch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    error = refused(tmp_path)
    assert isinstance(error, StorageError)
    assert "file system that has locks" in error.remedy


# --- what a run leaves ----------------------------------------------------------------------------


def test_a_failed_run_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        run(tmp_path / "out", **{"a": "a", "a/b": "a is a file"})
    assert tree(tmp_path) == []


def test_a_run_that_writes_nothing_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path, a="a")
    before = (tmp_path / MANIFEST).read_bytes()
    run(tmp_path)
    assert tree(tmp_path) == ["a", MANIFEST]
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_a_move_that_the_system_refuses_is_carried_on_by_the_next_run(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    run(tmp_path, a="old", b="old")
    real = os.replace

    def refuse(source: Path, target: Path) -> None:
        if target == tmp_path / "b":
            raise PermissionError(errno.EACCES, "Permission denied")
        real(source, target)

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(StorageError, match="carried to its end first"):
        run(tmp_path, a="new", b="new")
    monkeypatch.undo()
    run(tmp_path)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["new", "new"]
    assert verify_output(tmp_path) == ()
    assert json.loads((tmp_path / MANIFEST).read_text())["files"]["a"]["sha256"] == file_digest(
        tmp_path / "a"
    )
