"""What tests need from outside, and an honest count of those that could not run without it."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

_NOT_RUN = pytest.StashKey[Counter[str]]()
_WORKER_KEY = "plimsoll_not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something a fixture hands out that a machine may lack."""

    reason: str
    required_by: str
    remedy: str
    is_present: Callable[[], bool]


def _directory(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    path = Path(value).expanduser().resolve() if value else None
    return path if path is not None and path.is_dir() else None


def _data(variable: str) -> Need:
    return Need(
        reason="reference data absent",
        required_by="PLIMSOLL_REQUIRE_REFERENCE",
        remedy=f"set {variable} to an existing directory",
        is_present=lambda: _directory(variable) is not None,
    )


NEEDS = {
    "reference_dir": _data("PLIMSOLL_REFERENCE"),
    "market_data_dir": _data("PLIMSOLL_DATA"),
    "chromium": Need(
        reason="Chromium absent",
        required_by="PLIMSOLL_REQUIRE_BROWSER",
        remedy="install the distribution's package chromium",
        is_present=lambda: shutil.which("chromium") is not None,
    ),
}


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Directory of the reference vectors (``PLIMSOLL_REFERENCE``)."""
    path = _directory("PLIMSOLL_REFERENCE")
    assert path is not None, "collected without PLIMSOLL_REFERENCE"
    return path


@pytest.fixture(scope="session")
def market_data_dir() -> Path:
    """Directory of the real market data (``PLIMSOLL_DATA``)."""
    path = _directory("PLIMSOLL_DATA")
    assert path is not None, "collected without PLIMSOLL_DATA"
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the distribution's Chromium, for tests that look at pages."""
    path = shutil.which("chromium")
    assert path is not None, "collected without chromium"
    return path


def _lacking(item: pytest.Item) -> list[Need]:
    names = getattr(item, "fixturenames", ())
    return [need for name, need in NEEDS.items() if name in names and not need.is_present()]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, and count, the tests whose needs are absent; under REQUIRE that is a failure."""
    lacking = {item: needs for item in items if (needs := _lacking(item))}
    if not lacking:
        return
    required = {n for needs in lacking.values() for n in needs if _is_required(n)}
    if required:
        remedies = sorted({f"{need.required_by}=1: {need.remedy}" for need in required})
        raise pytest.UsageError(f"{len(lacking)} tests lack what they need; {'; '.join(remedies)}")
    config.stash[_NOT_RUN] = Counter(needs[0].reason for needs in lacking.values())
    items[:] = [item for item in items if item not in lacking]
    config.hook.pytest_deselected(items=list(lacking))


def _is_required(need: Need) -> bool:
    return os.environ.get(need.required_by) == "1"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of a parallel run hands its count to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_KEY] = dict(session.config.stash[_NOT_RUN])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Every worker collects the same tests, so any one's count is the count."""
    output = getattr(node, "workeroutput", {})
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    config.stash[_NOT_RUN] |= Counter(output.get(_WORKER_KEY, {}))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close with the count, on the last line, where a reader looks for it."""
    counts = config.stash.get(_NOT_RUN, Counter())
    if counts and not hasattr(config, "workerinput"):
        told = ", ".join(f"{count} ({reason})" for reason, count in sorted(counts.items()))
        print(f"NOT RUN: {told}")
