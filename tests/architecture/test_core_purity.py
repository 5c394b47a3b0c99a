"""Below `adapters` nothing touches a clock, a file, a socket, a log or a global random state."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from core_scan import CORE, core_files, foreign_imports, violations

PACKAGE = Path(__file__).parents[2] / "src" / "plimsoll"
FILES = core_files(PACKAGE)


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_scan_sees_the_core() -> None:
    """A scan of nothing would always pass."""
    names = {_name(f).replace("\\", "/") for f in FILES}
    assert {"errors.py", "domain/market.py", "maths/recursions.py"} <= names


def test_the_scan_and_the_import_contract_mean_the_same_core() -> None:
    settings = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["id"]: c for c in settings["tool"]["importlinter"]["contracts"]}
    named = {m.split(".")[1] for m in contracts["core"]["source_modules"]}
    assert named == set(CORE) - {"errors.py"}


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_core_file_is_pure(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8")) == []


def test_maths_imports_only_numpy_scipy_numba() -> None:
    files = [f for f in FILES if f.is_relative_to(PACKAGE / "maths")]
    found = {_name(f): foreign_imports(f.read_text(encoding="utf-8")) for f in files}
    assert files
    assert {name: modules for name, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("from datetime import datetime\ndatetime.now()", "reads the clock"),
        ("import datetime as dt\nx = dt.datetime.utcnow", "reads the clock"),
        ("from datetime import date\ndate.today()", "reads the clock"),
        ("import time", "imports time"),
        ("from time import perf_counter", "imports time"),
        ("def f():\n    import time as t\n    return t.time()", "imports time"),
        ("import random", "imports random"),
        ("import numpy as np\nnp.random.seed(1)", "global random state"),
        ("import numpy as np\nnp.random.normal(size=3)", "global random state"),
        ("from numpy.random import rand\nrand(2)", "global random state"),
        ("from numpy import random\nrandom.shuffle([1])", "global random state"),
        ("import numpy as np\nnp.random.default_rng()", "random without a seed"),
        ("from scipy.stats import norm\nnorm.rvs(3)", "global random state"),
        ("open('x')", "calls open()"),
        ("print('x')", "calls print()"),
        ("hash('x')", "calls hash()"),
        ("import numpy as np\nnp.loadtxt('x')", "touches a file"),
        ("def f(path):\n    return path.read_text()", "touches a file"),
        ("import logging", "imports logging"),
        ("import socket", "imports socket"),
        ("from datetime import datetime\ndatetime.fromtimestamp(0)", "time zone"),
        ("x = 1\ndef f():\n    global x\n    x = 2", "rebinds a global"),
    ],
)
def test_the_scan_finds_what_is_planted(source: str, what: str) -> None:
    assert any(what in found for found in violations(source))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nrng = np.random.Generator(np.random.PCG64(1))\nrng.normal()",
        "import numpy as np\nrng = np.random.default_rng(seed)",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, tz=UTC)",
        "def f(history):\n    return history.open",
        "from scipy.stats import norm\nnorm.rvs(3, random_state=rng)",
        "def f(account):\n    return account.now",
    ],
)
def test_the_scan_lets_pure_code_pass(source: str) -> None:
    assert violations(source) == []


def test_the_import_scan_of_maths_finds_what_is_planted() -> None:
    assert foreign_imports("import polars\nfrom plimsoll.maths import svi\nimport numpy") == [
        "polars"
    ]
