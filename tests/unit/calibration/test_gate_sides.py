"""The gate where longs and shorts have a table each, in the set or in the one in force."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from gate_proofs import made
from test_gate import verdicts

from plimsoll.calibration.evidence.cost_table import published_procyclicality_table
from plimsoll.calibration.evidence.coverage_lines import snapping_check
from plimsoll.calibration.evidence.incumbent_table import incumbent_rejected, incumbent_table
from plimsoll.calibration.evidence.proof import Incumbent, Proof
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.tiers import Tier, TierTable


def _apart(shorts: float) -> Proof:
    """Each side published by itself; the short rates, and what they are made from, scaled."""
    proof, _ = made()
    scale, old = np.array([1.0, shorts]), proof.published
    both = {name: getattr(old, name)[:, :, None] * scale for name in ("whole", "rate", "snapped")}
    changes = np.stack([old.changes, old.changes + 1], axis=1)
    return replace(proof, published=replace(old, changes=changes, **both))


def test_sides_apart_are_held_to_the_rate_of_their_own_table() -> None:
    alike, thin = _apart(1.0), _apart(0.6)
    name = "Maintenance coverage, as published"
    assert verdicts(alike)[name].found == verdicts(made()[0])[name].found
    assert verdicts(thin)[name].verdict is Verdict.BREACH
    assert snapping_check(alike).verdict is Verdict.HOLDS
    assert snapping_check(thin).verdict is Verdict.BREACH
    np.testing.assert_array_equal(
        thin.published_margin()[:, :, 0], made()[0].published_margin()[:, :, 0]
    )
    rows: Any = published_procyclicality_table(thin).rows
    longs, shorts = rows[:2]
    assert (longs[1], shorts[1]) == ("long", "short")
    assert shorts[2] == pytest.approx(0.6 * longs[2], rel=1e-12)
    assert shorts[-1] == longs[-1] + 1


def _incumbent(rates: dict[str, str]) -> Incumbent:
    def table(rate: Decimal) -> TierTable:
        tier = Tier(
            cap_usd=None,
            maintenance_rate=rate,
            initial_rate=min(2 * rate, Decimal(1)),
            max_leverage=Decimal(1),
        )
        return TierTable((tier,))

    tables = {key: table(Decimal(rate)) for key, rate in rates.items()}
    return Incumbent(name="old", tiers=tables, valid_from_ns=0)


def test_an_incumbents_shorts_are_held_to_their_own_table() -> None:
    proof = made()[0]
    longs = dict.fromkeys(proof.markets, "0.5")
    thin = {**longs, **{f"{market}/short.": "0.01" for market in proof.markets}}
    one, apart = _incumbent(longs), _incumbent(thin)
    assert not incumbent_rejected(proof, one)
    assert incumbent_rejected(proof, apart)
    together: Any = incumbent_table(replace(proof, incumbent=one)).rows
    rows: Any = incumbent_table(replace(proof, incumbent=apart)).rows
    assert len(rows) == 2 * len(together)
    assert [row[1] for row in rows[:2]] == ["longs", "shorts"]
    assert [row[4] for row in rows[:2]] == [0.5, pytest.approx(0.01)]
    assert rows[0][5] == 0.0 < rows[1][5]
    # Each side's starts and breaches of the candidate make up the market's.
    assert rows[0][3] + rows[1][3] == together[0][3]
    broken = [row[7] * row[3] for row in (*rows[:2], together[0])]
    assert broken[0] + broken[1] == pytest.approx(broken[2])
