"""Option chains: what is wrong with them, and their quotes on the scale of volatility."""

from plimsoll.marketdata.chains.labels import expiry_label
from plimsoll.marketdata.chains.parity import parity_residuals
from plimsoll.marketdata.chains.prepare import prepare_chain
from plimsoll.marketdata.chains.quote_checks import wild_quote_findings
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.marketdata.chains.ticks import DERIBIT_INVERSE, inferred_ticks
from plimsoll.marketdata.chains.wild_quotes import wild_quotes

__all__ = [
    "DERIBIT_INVERSE",
    "ChainSettings",
    "expiry_label",
    "inferred_ticks",
    "parity_residuals",
    "prepare_chain",
    "wild_quote_findings",
    "wild_quotes",
]
