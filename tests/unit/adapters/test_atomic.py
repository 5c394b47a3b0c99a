"""Writes that are whole or not at all: what stood there before survives every failure."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from plimsoll.adapters.files.atomic import Writer, write_atomically
from plimsoll.errors import StorageError

Patch = pytest.MonkeyPatch


def failing(code: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00new", b"\x00new"),
        ("\N{EURO SIGN}", b"\xe2\x82\xac"),
        (lambda stream: stream.write(b"written"), b"written"),
    ],
)
def test_content_arrives_and_nothing_else(
    tmp_path: Path, data: bytes | str | Writer, expected: bytes
) -> None:
    target = tmp_path / "made" / "on the way" / "out.bin"
    assert write_atomically(target, data) == target
    assert target.read_bytes() == expected
    assert names(target.parent) == ["out.bin"]


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "os.chmod"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_old_file_stays_when_the_system_refuses(
    tmp_path: Path, monkeypatch: Patch, step: str, code: int
) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    monkeypatch.setattr(f"plimsoll.adapters.files.atomic.{step}", failing(code))
    with pytest.raises(StorageError, match="what stood there before is untouched") as caught:
        write_atomically(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.bin"]
    assert str(target) == caught.value.field
    assert os.strerror(code) == caught.value.found
    assert caught.value.exit_code == 3


def test_where_nothing_stood_nothing_is_said_to_be_untouched(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("plimsoll.adapters.files.atomic.os.replace", failing(errno.ENOENT))
    with pytest.raises(StorageError) as caught:
        write_atomically(tmp_path / "out.bin", b"new")
    assert "untouched" not in str(caught.value)
    assert "No such file" not in str(caught.value)
    assert "lets no file or folder be made" in str(caught.value)
    assert caught.value.remedy == "choose another folder"


def test_a_disk_that_fills_while_writing_names_the_remedy(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")

    def fill(stream: BinaryIO) -> None:
        stream.write(b"n" * 100_000)
        failing(errno.ENOSPC)()

    with pytest.raises(StorageError, match="free space on the disk"):
        write_atomically(target, fill)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.bin"]


def test_a_real_full_disk() -> None:
    # /dev/full refuses every write with ENOSPC; the rename is never reached.
    full = Path("/dev/full")
    assert full.exists()

    def copy(stream: BinaryIO) -> None:
        with full.open("wb", buffering=0) as device:
            device.write(b"x")

    with pytest.raises(StorageError, match="No space left"):
        write_atomically(Path(os.path.realpath(os.curdir)) / "never-made.bin", copy)
    assert not Path("never-made.bin").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_error_of_the_writer_passes_and_leaves_no_trace(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")

    def stop(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise error

    with pytest.raises(error):
        write_atomically(target, stop)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.bin"]


def test_a_directory_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="name a file, not a folder"):
        write_atomically(tmp_path / "out", b"new")
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(StorageError, match="file"):
        write_atomically(tmp_path / "file" / "below", b"new")
    assert names(tmp_path) == ["file", "out"]


def test_no_permission_on_the_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("builtins.open", failing(errno.EACCES))
    with pytest.raises(StorageError, match="grant write permission"):
        write_atomically(tmp_path / "out.bin", b"new")
    assert names(tmp_path) == []


def test_permissions_follow_the_old_file_or_the_mask(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    old = os.umask(0o027)
    try:
        write_atomically(target, b"one")
    finally:
        os.umask(old)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    target.chmod(0o604)
    write_atomically(target, b"two")
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
