"""What tests need from outside, and an honest count of those that could not run without it."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

from worked_out_once import Once

# Shared machines are noisy and first calls compile kernels: time is no property under test.
hypothesis.settings.register_profile("plimsoll", deadline=None)
hypothesis.settings.load_profile("plimsoll")

Found = TypeVar("Found")
_NOT_RUN = pytest.StashKey[dict[str, int]]()
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


def _demanded(name: str, found: Found | None) -> Found:
    """Hand out what is there; what is not was required, or its tests would not have run."""
    if found is None:
        need = NEEDS[name]
        pytest.fail(f"{need.reason}, but {need.required_by}=1; {need.remedy}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Directory of the reference vectors (``PLIMSOLL_REFERENCE``)."""
    return _demanded("reference_dir", _directory("PLIMSOLL_REFERENCE"))


@pytest.fixture(scope="session")
def market_data_dir() -> Path:
    """Directory of the real market data (``PLIMSOLL_DATA``)."""
    return _demanded("market_data_dir", _directory("PLIMSOLL_DATA"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the distribution's Chromium, for tests that look at pages."""
    return _demanded("chromium", shutil.which("chromium"))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """What is dear, worked out once for all files and processes of this run."""
    own = tmp_path_factory.getbasetemp()
    return Once(folder=own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


def _lacking(item: pytest.Item) -> list[Need]:
    names = getattr(item, "fixturenames", ())
    needs = [NEEDS[name] for name in NEEDS if name in names]
    return [need for need in needs if not need.is_present() and not _is_required(need)]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = {}
    gc.set_threshold(50_000, 20, 20)  # imports and collection make much that lives to the end


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, and count, the tests whose needs are absent; required ones stay in, and fail."""
    lacking = {item: needs for item in items if (needs := _lacking(item))}
    if not lacking:
        return
    config.stash[_NOT_RUN] = dict(Counter(needs[0].reason for needs in lacking.values()))
    items[:] = [item for item in items if item not in lacking]
    config.hook.pytest_deselected(items=list(lacking))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is imported by now lives to the end: nobody need look for cycles in it again."""
    gc.collect()
    gc.freeze()


def _is_required(need: Need) -> bool:
    return os.environ.get(need.required_by) == "1"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of a parallel run hands its count to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_KEY] = session.config.stash[_NOT_RUN]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Every worker collects the same tests, so any one's count is the count."""
    output = getattr(node, "workeroutput", {})
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    counts: dict[str, int] = output.get(_WORKER_KEY, {})
    config.stash[_NOT_RUN] = counts or config.stash[_NOT_RUN]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close with the count, on the last line, where a reader looks for it."""
    counts = config.stash.get(_NOT_RUN, {})
    if counts and not hasattr(config, "workerinput"):
        told = ", ".join(f"{count} ({reason})" for reason, count in sorted(counts.items()))
        print(f"NOT RUN: {told}")
