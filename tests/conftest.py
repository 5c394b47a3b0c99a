"""Where reference data lie, and an honest count of what could not run without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_VARIABLES = {"reference_dir": "PLIMSOLL_REFERENCE", "market_data_dir": "PLIMSOLL_DATA"}
_NOT_RUN = pytest.StashKey[int]()


def _directory(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    path = Path(value).expanduser().resolve() if value else None
    return path if path is not None and path.is_dir() else None


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


def _missing(item: pytest.Item) -> list[str]:
    names = getattr(item, "fixturenames", ())
    return [v for f, v in _VARIABLES.items() if f in names and _directory(v) is None]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, and count, the tests whose data are absent; under REQUIRE that is a failure."""
    lacking = [item for item in items if _missing(item)]
    if not lacking:
        return
    if os.environ.get("PLIMSOLL_REQUIRE_REFERENCE") == "1":
        variables = sorted({v for item in lacking for v in _missing(item)})
        raise pytest.UsageError(
            f"PLIMSOLL_REQUIRE_REFERENCE=1 but {len(lacking)} tests lack their data: "
            f"set {', '.join(variables)} to existing directories"
        )
    config.stash[_NOT_RUN] = len(lacking)
    absent = set(map(id, lacking))
    items[:] = [item for item in items if id(item) not in absent]
    config.hook.pytest_deselected(items=lacking)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close with the count, on the last line, where a reader looks for it."""
    if hasattr(config, "workerinput"):
        return
    count = config.stash.get(_NOT_RUN, 0) or getattr(config, "_plimsoll_not_run", 0)
    if count:
        print(f"NOT RUN: {count} (reference data absent)")
