"""The public vectors of Vega, dYdX v4 and Drift v2, through the conformance runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from plimsoll.conformance.runner import run_conformance


@pytest.mark.reference
@pytest.mark.parametrize(("engine", "total"), [("vega", 36), ("dydx_v4", 41), ("drift_v2", 32)])
def test_every_vector_matches(reference_dir: Path, engine: str, total: int) -> None:
    found = run_conformance(reference_dir / "margin_vectors", only=engine)
    assert [(e.engine, e.matched, e.total) for e in found.engines] == [(engine, total, total)]
    assert found.holds
