"""Names of the forms of option chains that can be read."""

from __future__ import annotations

from enum import StrEnum

GUIDE = "docs/judge-your-chains.md"
"""Where the forms and their columns are described."""


class ChainFormat(StrEnum):
    """Forms of option chains that users have."""

    PARQUET = "parquet"
    DERIBIT_CSV = "deribit_csv"
    DERIBIT_JSON = "deribit_json"
    TARDIS_OPTIONS_CHAIN = "tardis_options_chain"
    CCXT_OPTION_CHAIN = "ccxt_option_chain"


KNOWN_FORMATS = ", ".join(item.value for item in ChainFormat)
