"""Stored evidence of a calibration: read it back."""

from __future__ import annotations

import os

from plimsoll.domain.evidence import Evidence
from plimsoll.journeys.params import read_json
from plimsoll.report import evidence_from_document

EVIDENCE_FILE = "evidence.json"


def read_evidence(place: str | os.PathLike[str]) -> Evidence:
    """Read evidence from its JSON file, or from the folder of a calibration.

    Raises
    ------
    DataError
        Where there is no such file, or it cannot be read.
    DataFormatError
        Where it is no evidence.
    """
    return evidence_from_document(read_json(place, EVIDENCE_FILE))
