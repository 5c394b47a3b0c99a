"""Processes that are stopped while they write: what they leave is whole, old or new."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from plimsoll.adapters.files.output_folder import finish_interrupted, verify_output

WRITING = """
    import itertools, sys
    from plimsoll.adapters.files.atomic import write_atomically

    for turn in itertools.count():
        letter = b"ab"[turn % 2 : turn % 2 + 1]
        write_atomically(sys.argv[1], lambda s: [s.write(letter * 100_000) for _ in range(20)])
        if turn == 3:
            print("writing", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011])
def test_a_writer_that_is_stopped_leaves_a_whole_file(
    tmp_path: Path, how: signal.Signals, delay: float
) -> None:
    target = tmp_path / "out.bin"
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITING), target],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(delay)
    writer.send_signal(how)
    writer.wait(timeout=20)
    writer.stdout.close()
    data = target.read_bytes()
    assert data in (b"a" * 2_000_000, b"b" * 2_000_000)
    left = {path.name for path in tmp_path.iterdir()} - {"out.bin"}
    if how is signal.SIGINT:
        assert left == set()
    assert all(name.endswith(".partial") for name in left)


RUNNING = """
    import itertools, sys
    from plimsoll.adapters.files.output_folder import open_output

    for turn in itertools.count():
        with open_output(sys.argv[1]) as output:
            for name in range(6):
                output.write(f"{name}.txt", f"{turn}\\n")
            output.write(f"only-{turn}.txt", f"{turn}\\n")
        if turn == 2:
            print("running", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.009])
def test_a_run_that_is_stopped_leaves_one_runs_files(
    tmp_path: Path, how: signal.Signals, delay: float
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUNNING), tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(how)
    process.wait(timeout=20)
    process.stdout.close()
    if how is signal.SIGKILL:
        finish_interrupted(tmp_path)  # what the next run does first
    assert verify_output(tmp_path) == ()
    texts = {path.read_text() for path in tmp_path.glob("*.txt")}
    assert len(texts) == 1
    assert len(list(tmp_path.glob("*.txt"))) == 7


def test_a_file_size_limit_of_the_system_keeps_the_old_file(tmp_path: Path) -> None:
    # A real refusal by the kernel in the middle of a write (RLIMIT_FSIZE), no simulation.
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    script = f"""
        import resource, signal
        from plimsoll.adapters.files.atomic import write_atomically
        from plimsoll.errors import StorageError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            write_atomically({str(target)!r}, b"x" * 1_000_000)
        except StorageError as error:
            print(error.remedy)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert "files of this size" in done.stdout
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
