"""The index of a chain: on the page, in the document, and its reason where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plimsoll
from chain_files import hostile_chains
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.estimators.implied.vol_index import surface_vol_index, vol_index
from plimsoll.journeys.surface_index import chain_index, index_document, index_table
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.sandbox.option_chain import option_chain


def test_both_indices_are_those_of_the_estimators() -> None:
    result = plimsoll.surface(option_chain(4).chain)
    fitted = result.chain()
    document = index_document(fitted.record.index)
    own = vol_index(fitted.quotes).value
    assert document["quotes"]["value"] == pytest.approx(own, rel=1e-14)
    integrated = surface_vol_index(result.surface()).value
    assert document["surface"]["value"] == pytest.approx(integrated, rel=1e-14)
    assert document["horizon_days"] == 30.0
    page = result.to_html()
    assert "30-day index, quotes" in page
    assert f"{own:.1f}" in page


@pytest.mark.parametrize(
    ("wrong", "by_quotes", "by_surface"),
    [
        ("all quotes zero", "no expiry before", "no surface"),
        # It is below a day: quotes so near are passed over, the surface is not.
        ("one expiry", "no expiry before", "no expiry after"),
    ],
)
def test_a_chain_without_an_index_says_why(wrong: str, by_quotes: str, by_surface: str) -> None:
    result = plimsoll.surface(hostile_chains()[wrong])
    document = index_document(result.chain().record.index)
    assert document["quotes"] == {"value": None, "reason": by_quotes}
    assert document["surface"] == {"value": None, "reason": by_surface}
    table = index_table(result.chain().record.index, "Index")
    assert table.column("reason") == (by_quotes, by_surface)
    assert table.column("value") == (None, None)
    assert by_quotes in result.to_html()


def test_either_index_may_be_the_higher_and_the_note_says_so() -> None:
    """One surface inside every quote: the wings lift it, mids above it leave it below."""
    made = option_chain(4)
    wide = replace(made.chain, ask=1.5 * made.chain.ask)
    above, below = (chain_index(prepare_chain(c), made.truth) for c in (made.chain, wide))
    assert above.surface is not None
    assert below.surface is not None
    assert above.surface.value > above.quotes.value
    assert below.surface.value < below.quotes.value
    assert "may come out the lower" in index_table(below, "Index").notes[0]


def test_a_surface_with_negative_density_has_a_reason_not_an_index() -> None:
    """A smile so steep and narrow that d2 rises: the strip does not exist."""
    made = option_chain(4)
    bent = tuple(_bent(smile) for smile in made.truth.smiles)
    surface: VolSurface = replace(made.truth, smiles=bent)
    found = chain_index(prepare_chain(made.chain), surface)
    assert found.surface is None
    assert "negative density" in found.surface_reason
    assert np.isfinite(found.quotes.value)


def _bent(smile: SviSmile) -> SviSmile:
    w = 0.25 * smile.tau_years
    b = 1.9
    return replace(smile, a=w - b * 1e-3, b=b, rho=0.0, m=0.3, sigma=1e-3)
