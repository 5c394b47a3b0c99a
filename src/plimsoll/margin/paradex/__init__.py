"""Paradex's portfolio margin."""

from plimsoll.margin.paradex.model import ParadexPortfolioMargin
from plimsoll.margin.paradex.parameters import ParadexUnderlying

__all__ = ["ParadexPortfolioMargin", "ParadexUnderlying"]
