"""What findings call a chain, an expiry and a handful of options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import BoolArray, OptionChain

_SHOWN = 3


def chain_label(chain: OptionChain) -> str:
    """Return ``BTC``, or ``BTC_USDC`` for options settled in another currency than the coin."""
    base = chain.pair.base
    return base if chain.payoff is Payoff.INVERSE else f"{base}_{chain.settle}"


def expiry_label(chain: OptionChain, expiry_ns: int) -> str:
    """Return ``BTC 2026-01-16``."""
    return f"{chain_label(chain)} {np.datetime64(expiry_ns, 'ns').astype('datetime64[D]')}"


def rows_subject(chain: OptionChain, flags: BoolArray) -> str:
    """Return the option's name where one row is concerned, else the chain."""
    names = some_names(chain, flags)
    return names[0] if int(flags.sum()) == 1 else chain_label(chain)


def some_names(chain: OptionChain, flags: BoolArray) -> Sequence[str]:
    """Return the first few names concerned, in their own order."""
    return sorted(chain.names[int(row)] for row in np.flatnonzero(flags))[:_SHOWN]


def listed(chain: OptionChain, flags: BoolArray) -> str:
    """Return a few of the names concerned as text, and that there are more."""
    more = int(flags.sum()) - _SHOWN
    return ", ".join(some_names(chain, flags)) + (f" and {more} more" if more > 0 else "")
