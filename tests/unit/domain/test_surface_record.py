"""The plain form of a surface gives the surface back, bit for bit, and refuses what is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind
from plimsoll.domain.surface import SmileReason, SmileSource, SviSmile, VarianceClock, VolSurface
from plimsoll.domain.surface_record import surface_from_record, surface_id, surface_record
from plimsoll.errors import DataFormatError

AT = 1_770_000_000_000_000_001


def sample() -> VolSurface:
    one = SviSmile(
        expiry_ns=AT + 10**15,
        tau_years=1 / 30,
        variance_years=0.1 + 0.2,
        forward=66_123.45,
        a=1e-17,
        b=0.1,
        rho=-1 / 3,
        m=0.05,
        sigma=0.07,
        source=SmileSource.BORROWED,
        quotes=7,
        covariance=np.eye(5) / 3.0,
    )
    return VolSurface(
        at_ns=AT,
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=float("nan"),
        clock=VarianceClock(day_weights=(1.1, 1.1, 1.1, 1.1, 1.1, 0.75, 0.75)),
        smiles=(one,),
        reasons={AT + 5: SmileReason.NO_QUOTES},
        findings=(ChainFinding(kind=ChainFindingKind.WILD_QUOTE, subject="X", value=0.1),),
    )


def test_a_surface_read_again_is_the_same_to_the_bit() -> None:
    surface = sample()
    again = surface_from_record(json.loads(json.dumps(surface_record(surface))))
    np.testing.assert_array_equal(again.raw(), surface.raw())
    assert again.smiles[0].covariance is not None
    assert surface.smiles[0].covariance is not None
    np.testing.assert_array_equal(again.smiles[0].covariance, surface.smiles[0].covariance)
    assert surface_record(again) == surface_record(surface)
    assert surface_id(again) == surface_id(surface)


def test_the_last_bit_of_a_parameter_changes_the_identity() -> None:
    record = json.loads(json.dumps(surface_record(sample())))
    record["smiles"][0]["b"] = repr(float(np.nextafter(0.1, 1.0)))
    assert surface_id(surface_from_record(record)) != surface_id(sample())


def _drop(record: dict[str, Any]) -> None:
    del record["settle"]


def _foreign(record: dict[str, Any]) -> None:
    record["smiles"][0]["alpha"] = "1"


def _bare_number(record: dict[str, Any]) -> None:
    record["index"] = 1.5


def _impossible(record: dict[str, Any]) -> None:
    record["smiles"][0]["rho"] = "1.5"


def _unknown(record: dict[str, Any]) -> None:
    record["payoff"] = "cubic"


def _newer(record: dict[str, Any]) -> None:
    record["schema_version"] = 99


@pytest.mark.parametrize("spoil", [_drop, _foreign, _bare_number, _impossible, _unknown, _newer])
def test_what_is_no_surface_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads(json.dumps(surface_record(sample())))
    spoil(record)
    with pytest.raises(DataFormatError):
        surface_from_record(record)
