"""Names of markets that a caller gives, against those of the prices."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

from plimsoll.domain.finding import Reason
from plimsoll.errors import InsufficientDataError, UsageError


def check_asked(
    asked: Sequence[str] | None, markets: Sequence[str], refused: Mapping[str, Reason]
) -> None:
    """Refuse markets that the prices do not have, before anything is computed.

    Raises
    ------
    UsageError
        For a name that is not there, with the nearest one.
    InsufficientDataError
        For a market that the checks left out.
    """
    for name in asked or ():
        if name in refused:
            raise InsufficientDataError(
                "must have usable prices", found=refused[name].value, field=name
            )
    foreign = [name for name in asked or () if name not in markets]
    if foreign:
        near = difflib.get_close_matches(foreign[0], markets, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            "must be one of the markets",
            found=", ".join(foreign),
            field="market",
            remedy=f"{meant}the data hold {len(markets)}, such as {', '.join(markets[:3])}",
        )


def unknown_names(what: str, named: Iterable[str], markets: Collection[str]) -> tuple[str, ...]:
    """Return a note on names that the prices do not have; none where they have all.

    >>> unknown_names("classes", ("A", "B", "C"), ("A",))
    ('classes: no prices of B, C; not used',)
    """
    foreign = list(dict.fromkeys(name for name in named if name not in markets))
    if not foreign:
        return ()
    more = f" and {len(foreign) - 10} more" if len(foreign) > 10 else ""
    return (f"{what}: no prices of {', '.join(foreign[:10])}{more}; not used",)
