"""Venues: instrument names and tier schemas."""

from plimsoll.adapters.venues.names import Venue, parse_name, print_name

__all__ = ["Venue", "parse_name", "print_name"]
