"""What a prepared model may offer beyond margins, so that a tick costs less than a preparation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.protocol import Prepared
from plimsoll.margin.quote_scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprepared:
    """A model under a later snapshot, and whom the difference concerns."""

    prepared: Prepared
    scope: Scope


@runtime_checkable
class Repreparable(Protocol):
    """A prepared model that can take over what a change of quotes does not touch.

    ``reprepared`` must answer exactly as `MarginModel.prepare` would under ``snapshot``, and its
    scope must name every market and currency of which a number differs.
    """

    def reprepared(self, snapshot: MarketSnapshot, quoted: frozenset[str]) -> Reprepared:
        """Prepare again what depends on the quotes of ``quoted``; ``self`` stays as it is.

        Parameters
        ----------
        snapshot : MarketSnapshot
            Differs from the one prepared in the quotes of ``quoted`` only.
        quoted : frozenset of str
        """
        ...
