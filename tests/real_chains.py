"""Every shared option chain, prepared and fitted once for all tests that ask about them."""

from __future__ import annotations

from pathlib import Path

import plimsoll
from plimsoll.adapters.chains import read_chains
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.estimators.surface.fit import fit_surfaces
from plimsoll.estimators.surface.fit_result import SurfaceFit
from plimsoll.journeys.surface_batch import SurfacesResult
from plimsoll.marketdata.chains import prepare_chain
from worked_out_once import Once

CHAINS = "deribit_chains_*.parquet"


def fits_of_all_chains(folder: Path, once: Once) -> list[tuple[SmileQuotes, SurfaceFit]]:
    """Quotes and fit of each chain by itself, file by file in order of time."""

    def make() -> list[tuple[SmileQuotes, SurfaceFit]]:
        quotes = [
            prepare_chain(c) for file in sorted(folder.glob(CHAINS)) for c in read_chains(file)
        ]
        return list(zip(quotes, fit_surfaces(quotes), strict=True))

    return once("fits-of-all-chains", make)


def surfaces_of_all_chains(folder: Path, once: Once) -> SurfacesResult:
    """What ``plimsoll.surfaces`` says of them."""
    return once("surfaces-of-all-chains", lambda: plimsoll.surfaces(folder / CHAINS))
