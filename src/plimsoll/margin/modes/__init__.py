"""Isolated, cross and portfolio accounts of one book, each under its own model."""

from plimsoll.margin.modes.books import AccountMode, ModeBook, mode_books
from plimsoll.margin.modes.model import ModedMargin, PreparedModes

__all__ = ["AccountMode", "ModeBook", "ModedMargin", "PreparedModes", "mode_books"]
