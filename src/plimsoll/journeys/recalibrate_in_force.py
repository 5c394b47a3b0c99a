"""The set that stands on a day: the state's own, or the one that its schedule has come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plimsoll.adapters.files.digest import file_digest
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError
from plimsoll.journeys.params import read_json, read_parameters

_SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInForce:
    """A set and its id, which takes a tenth of a second to make anew."""

    parameters: ParameterSet
    id: str


def set_in_force(folder: Path, signed: SetInForce, at_ns: int) -> SetInForce:
    """Return the set of a calibration's folder that holds at an instant.

    A set that was signed comes into force at the end of its schedule. Until then the dated sets
    before it hold one after the other; each must name the one before it as its parent.

    Raises
    ------
    DataError
        Before the first dated set, where another set stands that this folder does not hold; and
        where a dated set is not the one that its successor names.
    """
    at = iso_minute(at_ns).replace(" ", "T") + ":00Z"
    place, parent, since = None, signed.parameters.parent, signed.parameters.valid_from
    found = signed
    for path in sorted((folder / _SCHEDULE).glob("*.json"), reverse=True)[1:]:
        if since <= at:
            break
        digest = file_digest(path)
        if digest != parent:
            raise DataError(
                "must be the set that the next one supersedes",
                found=f"{digest[:12]}, not {str(parent)[:12]}",
                field=str(path),
                remedy="calibrate the venue: plimsoll calibrate",
            )
        place, document = (path, digest), read_json(path, path.name)
        parent, since = str(document.get("parent")), str(document.get("valid_from"))
    if place is not None:
        found = SetInForce(parameters=read_parameters(place[0]), id=place[1])
    if found.parameters.valid_from > at:
        raise DataError(
            f"must not lie before {found.parameters.valid_from}, when the first set of the "
            "schedule comes into force",
            found=at,
            field="as_of",
            remedy="take a later day, or calibrate the venue from what is in force: "
            "plimsoll calibrate --incumbent",
        )
    return found
