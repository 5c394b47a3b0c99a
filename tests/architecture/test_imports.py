"""The import contracts of pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(no_cache=True, limit_to_contracts=tuple(sys.argv[1:])))
"""

SKELETON = {
    "errors": "",
    "domain.market": "from plimsoll.errors import *",
    "maths.recursions": "import numpy",
    "measures.tail": "import plimsoll.maths.recursions",
    "marketdata.checks": "import plimsoll.measures.tail",
    "scenarios.history": "import plimsoll.estimators.volatility.ewma",
    "estimators.ewma": "import plimsoll.maths.recursions, plimsoll.domain.market",
    "margin.tiered": "import plimsoll.domain.market",
    "validation.coverage": "import plimsoll.margin.tiered",
    "calibration.search": "import plimsoll.validation.coverage",
    "adapters.files": "import os, polars, plimsoll.domain.market",
    "report.html": "import jinja2, plimsoll.adapters.files",
    "sandbox.law": "import time, plimsoll.domain.market",
}
"""A small package that keeps every contract; violations are planted in copies of it."""

PLANTED = [
    ("floors", "domain.bad", "import plimsoll.margin.tiered", "is not allowed to import"),
    ("floors", "maths.bad", "import plimsoll.domain.market", "is not allowed to import"),
    ("floors", "domain.bad", "import plimsoll.maths.recursions", "is not allowed to import"),
    ("floors", "validation.bad", "import plimsoll.calibration.search", "is not allowed to import"),
    ("floors", "calibration.bad", "import plimsoll.adapters.files", "is not allowed to import"),
    ("floors", "sandbox.bad", "import plimsoll.report.html", "is not allowed to import"),
    ("floors", "errors_more", "", "not listed as layers"),
    ("floors", "basement.cellar", "", "not listed as layers"),
    ("core", "domain.bad", "import datetime", "is not allowed to import datetime"),
    ("core", "maths.bad", "from os import environ", "is not allowed to import os"),
    ("core", "maths", "import pandas", "is not allowed to import pandas"),
    ("core", "surveillance.bad", "import socket", "is not allowed to import socket"),
    ("core", "maths.bad", "import random", "is not allowed to import random"),
    ("core", "estimators.bad", "import pandas", "is not allowed to import pandas"),
    ("core", "margin.bad", "def f():\n    import socket", "is not allowed to import socket"),
    ("core", "calibration.bad", "import pydantic", "is not allowed to import pydantic"),
    ("core", "validation.bad", "import logging", "is not allowed to import logging"),
    ("margin_models", "margin.okx", "import plimsoll.margin.tiered", "is not allowed to import"),
    ("margin_models", "margin.protocol", "import plimsoll.margin.tiered", "is not allowed to"),
    ("siblings", "margin.bad", "import plimsoll.margin.worse", "cycle"),
]


def _write(package: Path, modules: dict[str, str]) -> None:
    for name, source in modules.items():
        path = package.joinpath(*name.split(".")).with_suffix(".py")
        if path.with_suffix("").is_dir():
            path = path.with_suffix("") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in [path.parent, *path.parent.parents]:
            if not folder.is_relative_to(package):
                break
            (folder / "__init__.py").touch()
        path.write_text(source + "\n", encoding="utf-8")


def _lint(source: Path, folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Run the contracts of ``folder``'s pyproject.toml on the package in ``source``."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *contracts],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """A folder with the real contracts and a small package that keeps them."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    _write(tmp_path / "plimsoll", SKELETON)
    return tmp_path


def test_contracts_hold() -> None:
    run = _lint(ROOT / "src", ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_contracts_hold_on_the_skeleton(skeleton: Path) -> None:
    run = _lint(skeleton, skeleton)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(("contract", "module", "source", "message"), PLANTED)
def test_a_planted_violation_breaks_its_contract(
    skeleton: Path, contract: str, module: str, source: str, message: str
) -> None:
    _write(skeleton / "plimsoll", {module: source})
    if contract == "siblings":
        _write(skeleton / "plimsoll", {"margin.worse": "import plimsoll.margin.bad"})
    run = _lint(skeleton, skeleton, contract)
    assert run.returncode == 1, run.stdout + run.stderr
    assert message in run.stdout.lower().replace("\n", " ")
