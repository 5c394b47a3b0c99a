"""One message and one exit code for whatever a command raises."""

from __future__ import annotations

import errno
import json

import pytest
import typer

from plimsoll.cli.failure import faults_text, running
from plimsoll.errors import (
    ConfigurationError,
    DataError,
    DataFormatError,
    EstimationError,
    Fault,
    InsufficientDataError,
    NameFormatError,
    ParameterError,
    StorageError,
    UsageError,
)

FAULT = Fault(path="seed", problem="must be whole", found="1.5", remedy="write 2", line=3)


def run(error: BaseException, *, json: bool = False, debug: bool = False) -> int:
    with pytest.raises(typer.Exit) as caught, running("verb", json=json, debug=debug):
        raise error
    return caught.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("must hold"), 2),
        (ParameterError("must hold"), 2),
        (NameFormatError("must hold"), 2),
        (ConfigurationError("venue.yaml", (FAULT,)), 2),
        (DataError("must hold"), 3),
        (DataFormatError("must hold"), 3),
        (InsufficientDataError("must hold"), 3),
        (EstimationError("must hold"), 3),
        (StorageError("must hold"), 3),
        (OSError(errno.ENOSPC, "No space left on device", "out"), 3),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 3),
        (MemoryError(), 3),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("division by zero"), 70),
        (RecursionError("deep"), 70),
    ],
)
def test_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(error) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()
    assert "Traceback" not in printed.err


def test_a_message_says_what_must_hold_what_was_found_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(UsageError("must be positive", found=-1, field="--workers", remedy="write 2"))
    assert capsys.readouterr().err == "error: --workers: must be positive, found -1; write 2\n"


def test_an_interrupt_says_that_nothing_is_half_written(capsys: pytest.CaptureFixture[str]) -> None:
    run(KeyboardInterrupt())
    assert "nothing half-written" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    run(UsageError("must hold"), debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_an_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ConfigurationError("venue.yaml", (FAULT,)), json=True) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert document["error"]["type"] == "ConfigurationError"
    assert document["error"]["faults"][0]["line"] == 3
    run(DataError("must be a file", found="a folder", field="x", row=7), json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["error"]["found"], document["error"]["row"]) == ("a folder", 7)


def test_every_fault_has_its_block() -> None:
    text = faults_text("venue.yaml", (FAULT, FAULT))
    assert text.count("line 3  seed") == 2
    assert text.startswith("venue.yaml: 2 faults")


def test_exits_of_the_body_pass() -> None:
    with pytest.raises(typer.Exit) as caught, running("verb", json=False, debug=False):
        raise typer.Exit(1)
    assert caught.value.exit_code == 1
