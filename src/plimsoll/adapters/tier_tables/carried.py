"""What a venue's file holds beside margin parameters, kept so that it can be written again.

A parameter set holds numbers that margin depends on. What else stands in a file (identifiers,
time stamps, loan limits, how a number is spelled) is the difference between the file and what
Plimsoll would write from the set alone, kept in a document of its own that names its set. It may
touch only keys that the schema lists as carried, or the spelling of a number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from plimsoll.adapters.tier_tables.json_document import Json, same
from plimsoll.errors import DataFormatError

DOCUMENT_SCHEMA = "plimsoll.carried"
_NUMBER_KEYS = ("schema", "venue_schema", "parameter_set", "layout", "difference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What belongs to a set so that its venue file can be written again.

    Parameters
    ----------
    venue_schema : str
    set_id : str
        The only set it belongs to.
    layout : Json
        Order and shape, in the schema's own form.
    difference : Json
        See `difference`.
    """

    venue_schema: str
    set_id: str
    layout: Json
    difference: Json

    def document(self) -> dict[str, Json]:
        """Plain form for JSON."""
        return {
            "schema": DOCUMENT_SCHEMA,
            "venue_schema": self.venue_schema,
            "parameter_set": self.set_id,
            "layout": self.layout,
            "difference": self.difference,
        }


def carried_from_document(document: Json, source: str) -> Carried:
    """Read it back.

    Raises
    ------
    DataFormatError
    """
    sound = isinstance(document, dict) and tuple(sorted(document)) == tuple(sorted(_NUMBER_KEYS))
    if not sound or document["schema"] != DOCUMENT_SCHEMA:
        raise DataFormatError("must be what `params import` wrote", field=source)
    return Carried(
        venue_schema=document["venue_schema"],
        set_id=document["parameter_set"],
        layout=document["layout"],
        difference=document["difference"],
    )


def difference(plain: Json, original: Json) -> Json:
    """Return what turns ``plain`` into ``original``; None where they are the same.

    ``{"keys": …, "gone": …}`` for objects, ``{"items": …}`` for lists of one length,
    ``{"value": …}`` for all else.
    """
    if same(plain, original):
        return None
    if isinstance(plain, Mapping) and isinstance(original, Mapping):
        keys = {
            key: difference(plain[key], value) if key in plain else {"value": value}
            for key, value in original.items()
        }
        return {
            "keys": {key: value for key, value in keys.items() if value is not None},
            "gone": sorted(plain.keys() - original.keys()),
        }
    lists = isinstance(plain, list) and isinstance(original, list)
    if lists and len(plain) == len(original):
        found = [difference(a, b) for a, b in zip(plain, original, strict=True)]
        return {"items": {str(i): one for i, one in enumerate(found) if one is not None}}
    return {"value": original}


def applied(plain: Json, change: Json) -> Json:
    """Return the original again."""
    if change is None:
        return plain
    if "value" in change:
        return change["value"]
    if "items" in change:
        return [applied(item, change["items"].get(str(i))) for i, item in enumerate(plain)]
    kept = {key: value for key, value in plain.items() if key not in change["gone"]}
    return kept | {key: applied(kept.get(key), one) for key, one in change["keys"].items()}


def foreign(plain: Json, original: Json, kept: Collection[str]) -> Iterator[str]:
    """Yield paths where the files differ in more than carried keys and spelling of numbers."""
    yield from _foreign(plain, original, frozenset(kept), "$")


def _foreign(plain: Json, original: Json, kept: frozenset[str], path: str) -> Iterator[str]:
    if isinstance(plain, Mapping) and isinstance(original, Mapping):
        for key in sorted((plain.keys() | original.keys()) - kept):
            yield from _foreign(plain.get(key), original.get(key), kept, f"{path}.{key}")
    elif isinstance(plain, list) and isinstance(original, list) and len(plain) == len(original):
        for index, (a, b) in enumerate(zip(plain, original, strict=True)):
            yield from _foreign(a, b, kept, f"{path}[{index}]")
    elif not same(plain, original) and not _one_number(plain, original):
        yield path


def _one_number(plain: Json, original: Json) -> bool:
    """Whether both spell one number, or one of them leaves it out."""
    if plain is None or original is None or original == "":
        return True
    try:
        return Decimal(str(plain)) == Decimal(str(original))
    except InvalidOperation:
        return False


def carried_keys(change: Json) -> Iterator[str]:
    """Yield the keys whose values stand only in the carried matter."""
    if not isinstance(change, dict):
        return
    for key, inner in change.get("keys", {}).items():
        if "value" in inner:
            yield key
        yield from carried_keys(inner)
    for inner in change.get("items", {}).values():
        yield from carried_keys(inner)
