"""The venue file: its schema, its faults, and what it means to the core."""

from __future__ import annotations

from plimsoll.config.loader import VenueFile, check_venue, load_venue
from plimsoll.config.venue import VENUE_VERSION, VenueConfig

__all__ = ["VENUE_VERSION", "VenueConfig", "VenueFile", "check_venue", "load_venue"]
