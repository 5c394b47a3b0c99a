"""Recorded order books, trades and best quotes of venues; books at given times."""

from plimsoll.adapters.books.feed import BookStream, MarketFeed, Recording
from plimsoll.adapters.books.read import BookForm, read_books
from plimsoll.adapters.books.sampling import sample_books, time_grid
from plimsoll.adapters.books.sequence import PlacedMessages, placed_messages

__all__ = [
    "BookForm",
    "BookStream",
    "MarketFeed",
    "PlacedMessages",
    "Recording",
    "placed_messages",
    "read_books",
    "sample_books",
    "time_grid",
]
