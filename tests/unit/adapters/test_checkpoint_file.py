"""A checkpoint is whole whenever its writer is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.adapters.files.checkpoint_file import CheckpointFile
from plimsoll.errors import DataFormatError

WRITER = """
import sys
from plimsoll.adapters.files.checkpoint_file import CheckpointFile
kept = CheckpointFile(sys.argv[1])
for n in range(10**9):
    kept.store(bytes([n % 251]) * 300_000)
    if n == 2:
        print("begun", flush=True)
"""


def test_stored_record_is_loaded(tmp_path: Path) -> None:
    kept = CheckpointFile(tmp_path / "made" / "search.json")
    assert kept.load() is None
    kept.store(b"one")
    kept.store(b"two")
    assert CheckpointFile(tmp_path / "made" / "search.json").load() == b"two"


def test_unreadable_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="can be read"):
        CheckpointFile(tmp_path).load()


def test_kill_leaves_a_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"begun"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    record = CheckpointFile(path).load()
    assert record is not None
    assert len(record) == 300_000
    assert len(set(record)) == 1
