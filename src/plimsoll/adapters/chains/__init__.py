"""Option chains of the ecosystem's formats: snapshots in tables, Deribit's JSON, Tardis, ccxt."""

from plimsoll.adapters.chains.formats import ChainFormat
from plimsoll.adapters.chains.read import read_chains

__all__ = ["ChainFormat", "read_chains"]
