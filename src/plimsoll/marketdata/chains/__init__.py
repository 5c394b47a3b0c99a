"""Option chains: what is wrong with them, and their quotes on the scale of volatility."""

from plimsoll.marketdata.chains.parity import parity_residuals
from plimsoll.marketdata.chains.prepare import prepare_chain
from plimsoll.marketdata.chains.settings import ChainSettings

__all__ = ["ChainSettings", "parity_residuals", "prepare_chain"]
