"""Views of a generated surface, for tests of its pictures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.table import Column, Table
from plimsoll.estimators.surface.fit_bounds import surface_checks
from plimsoll.estimators.surface.quality import fit_quality
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.surface_page import ChainPage
from plimsoll.report.surface_view import SurfaceView
from plimsoll.sandbox.option_chain import SOURCE, option_chain

HOSTILE = "</script><img src=x onerror=alert(1)>"


@cache
def view_of(shift: float = 0.0, seed: int = 1) -> SurfaceView:
    """The generated chain with its own law as the surface, lifted by ``shift`` of volatility."""
    made = option_chain(seed)
    quotes = prepare_chain(made.chain)
    smiles = tuple(
        replace(s, a=s.a + shift * (shift + 1.0) * s.tau_years) for s in made.truth.smiles
    )
    surface = replace(made.truth, smiles=smiles)
    used = quotes.usable & (np.abs(quotes.forward_delta) >= 0.02)
    dropped = np.zeros(len(made.chain), dtype=np.bool_)
    dropped[np.flatnonzero(used)[::40]] = True
    return SurfaceView(
        label="HELM",
        source=SOURCE,
        quotes=quotes,
        surface=surface,
        errors=fit_quality(quotes, surface).errors,
        used=used & ~dropped,
        dropped=dropped,
    )


def hostile_page(label: str = HOSTILE) -> ChainPage:
    """A page whose label, table and figures carry a name that wants to be run."""
    view = replace(view_of(), source=f"SYNTHETIC {label}")
    table = Table(
        name="findings",
        title=f"Findings on {label}",
        columns=(Column(name="kind", title="Kind"), Column(name="subject", title="Where")),
        rows=(("wild_quote", label),),
    )
    return ChainPage(
        label=label,
        view=view,
        verdict=Verdict.HOLDS,
        meaning=f"About {label}",
        checks=surface_checks(True, fit_quality(view.quotes, view.surface)),
        key_figures=(KeyFigure(title="Options", value="672", unit="", about=label),),
        tables=(table,),
    )
