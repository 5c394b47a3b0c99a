"""Option chains of the ecosystem's formats: snapshots in tables, Deribit's JSON, Tardis, ccxt."""

from plimsoll.adapters.files.chains.formats import ChainFormat
from plimsoll.adapters.files.chains.read import read_chains

__all__ = ["ChainFormat", "read_chains"]
