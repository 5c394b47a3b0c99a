"""Published vectors of Derive's margins, at the tolerances of the vectors' README.

Source of the vectors: the venue's public contracts' own tests (see the files' ``source``). They
are read where they lie and are no part of the project.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plimsoll.conformance import run_conformance

COUNTS = {"derive_pmrm2": 93, "derive_pmrm1": 14, "derive_srm": 47}


@pytest.mark.reference
@pytest.mark.parametrize("engine", COUNTS)
def test_all_vectors_match(reference_dir: Path, engine: str) -> None:
    result = run_conformance(reference_dir / "margin_vectors" / f"{engine}.json")
    assert not result.faults
    assert [(c.id, c.first_difference, c.problem) for c in result.mismatches] == []
    assert [(e.engine, e.total) for e in result.engines] == [(engine, COUNTS[engine])]
    # Double precision reaches far below what is demanded; more would be a slip in a small term.
    assert result.engines[0].worst(relative=True)[0] < 1e-10


@pytest.mark.reference
@pytest.mark.parametrize("engine", COUNTS)
def test_what_is_expected_changes_no_computed_number(
    reference_dir: Path, tmp_path: Path, engine: str
) -> None:
    source = reference_dir / "margin_vectors" / f"{engine}.json"
    whole = {c.id: c.computed for c in run_conformance(source).engines[0].cases}
    document = json.loads(source.read_text())
    for place, case in enumerate(document["cases"]):
        case["expected"] = corrupted(case["expected"]) if place % 2 else None
    broken = tmp_path / f"{engine}.json"
    broken.write_text(json.dumps(document))
    result = run_conformance(broken)
    assert {c.id: c.computed for c in result.engines[0].cases} == whole
    assert result.engines[0].matched == 0


def corrupted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: corrupted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [corrupted(item) for item in value]
    return f"not {value}" if isinstance(value, str) else 3.0 * value + 17.0
