"""Faults between values of a grid section: dates that cross, coins twice, an unknown preset."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from pydantic import ValidationError

from plimsoll.calibration.grids.grid_problem import PRESET_KINDS
from plimsoll.config.document import Document, Path
from plimsoll.config.explain import choose, explain
from plimsoll.config.grid_section import GridVenueConfig
from plimsoll.config.rules import fault_at, written_time
from plimsoll.errors import Fault
from plimsoll.presets import load, names

_OF_MARKETS = ("markets", "classes", "data")


def validated_grid(document: Document) -> tuple[GridVenueConfig | None, list[Fault]]:
    """Return the venue of a document with a grid, and every fault of its own and between values."""
    between = [fault for rule in RULES for fault in rule(document)]
    try:
        return GridVenueConfig.model_validate_json(json.dumps(document.value)), between
    except ValidationError as error:
        told = [d for d in error.errors(include_url=False) if d["loc"][0] not in _OF_MARKETS]
        return None, [*(explain(detail, GridVenueConfig, document) for detail in told), *between]


def _alone(document: Document) -> Iterator[Fault]:
    """A file is about markets or about a grid."""
    for key in _OF_MARKETS:
        if document.get(key) is not None:
            yield fault_at(
                document,
                (key,),
                "must be left out beside a grid",
                "put markets and grid into a file each",
            )


def _underlyings(document: Document) -> Iterator[Fault]:
    coins = document.get("grid", "underlyings")
    seen: set[object] = set()
    for index, coin in enumerate(coins if isinstance(coins, list) else []):
        if coin in seen:
            path: Path = ("grid", "underlyings", index)
            yield fault_at(document, path, "must not stand in the list already", "delete it")
        seen.add(coin)


def _preset(document: Document) -> Iterator[Fault]:
    """The preset is there, is one of the family, and has constants of every coin."""
    model, name = document.get("grid", "model"), document.get("grid", "preset")
    path: Path = ("grid", "preset")
    kind = {m.value: kind for m, kind in PRESET_KINDS.items()}.get(str(model))
    if kind is None or not isinstance(name, str):
        return
    fitting = [known for known in names() if load(known).kind == kind]
    if name not in fitting:
        problem = f"must be the name of a preset of the model {model}"
        yield fault_at(document, path, problem, choose(name, fitting))
        return
    held = load(name).markets
    coins = document.get("grid", "underlyings")
    for index, coin in enumerate(coins if isinstance(coins, list) else []):
        unit = f"{coin}_USD" if model == "deribit" else str(coin)
        if unit not in held:
            place: Path = ("grid", "underlyings", index)
            yield fault_at(
                document, place, f"must have constants in the preset {name}", choose(unit, held)
            )


def _dates(document: Document) -> Iterator[Fault]:
    until = written_time(document, "grid", "calibrate_until")
    judged = written_time(document, "grid", "judged_from")
    if until and judged and judged < until:
        yield fault_at(
            document,
            ("grid", "judged_from"),
            "must not lie before grid.calibrate_until: those days were fitted on",
            "swap or mend the dates",
        )
    for key in ("crises", "held_out"):
        entries = document.get("grid", "stress", key)
        for index in range(len(entries) if isinstance(entries, list) else 0):
            place: Path = ("grid", "stress", key, index)
            first, last = (written_time(document, *place, end) for end in ("from", "to"))
            if first and last and last <= first:
                yield fault_at(
                    document, (*place, "to"), "must be later than from", "swap or mend the dates"
                )


RULES: tuple[Callable[[Document], Iterator[Fault]], ...] = (
    _alone,
    _underlyings,
    _preset,
    _dates,
)
