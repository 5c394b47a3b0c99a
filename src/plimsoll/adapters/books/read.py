"""One door to recordings of books and trades: `read_books`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from plimsoll.adapters.books.binance import BinanceMessages
from plimsoll.adapters.books.bitmex import BitmexMessages
from plimsoll.adapters.books.bybit import BybitMessages
from plimsoll.adapters.books.collecting import Collected, Terms
from plimsoll.adapters.books.deribit import DeribitMessages
from plimsoll.adapters.books.dydx import DydxMessages
from plimsoll.adapters.books.feed import Recording
from plimsoll.adapters.books.gate import GateMessages
from plimsoll.adapters.books.hyperliquid import HyperliquidMessages
from plimsoll.adapters.books.lines import LineCounts, Message, messages_of, refused
from plimsoll.adapters.books.okx import OkxMessages
from plimsoll.adapters.books.tardis import is_tardis, read_tardis
from plimsoll.adapters.files.csv_layout import open_bytes
from plimsoll.adapters.files.sources import PathLike, reading, source_paths
from plimsoll.domain.choice import chosen
from plimsoll.errors import DataFormatError, UsageError

MessageReader = Callable[[Message, Collected], str]


class BookForm(StrEnum):
    """Whose messages a recording holds."""

    BINANCE = "binance"
    BITMEX = "bitmex"
    BYBIT = "bybit"
    DERIBIT = "deribit"
    DYDX = "dydx"
    GATE = "gate"
    HYPERLIQUID = "hyperliquid"
    OKX = "okx"
    TARDIS = "tardis"


_READERS: dict[BookForm, Callable[[], MessageReader]] = {
    BookForm.BINANCE: BinanceMessages,
    BookForm.BITMEX: BitmexMessages,
    BookForm.BYBIT: BybitMessages,
    BookForm.DERIBIT: DeribitMessages,
    BookForm.DYDX: DydxMessages,
    BookForm.GATE: GateMessages,
    BookForm.HYPERLIQUID: HyperliquidMessages,
    BookForm.OKX: OkxMessages,
}
_SIGNS: tuple[tuple[BookForm, str], ...] = (
    (BookForm.BINANCE, r"\w+://\S*binance\.com|\d{19} \{\"(stream|lastUpdateId)\""),
    (BookForm.HYPERLIQUID, r"\d{19} \{\"channel\":\"(l2Book|trades)\""),
    (BookForm.BYBIT, r"\{\"topic\":\"orderbook\."),
    (BookForm.BITMEX, r"\w+://\S*bitmex\.com"),
    (BookForm.DERIBIT, r"\w+://\S*deribit\.com"),
    (BookForm.OKX, r"\w+://\S*okx\.com"),
    (BookForm.DYDX, r"\w+://\S*dydx\.exchange"),
    (BookForm.GATE, r"\w+://\S*gateio\.ws"),
)
_BEGINNING = 4096


def read_books(
    source: PathLike | Sequence[PathLike],
    *,
    form: BookForm | str | None = None,
    terms: Terms = None,
) -> Recording:
    """Return books, trades and best quotes of a recording as they stand there.

    Parameters
    ----------
    source : path, pattern with ``*``, or list of them
        Files of one venue, compressed (``.gz``, ``.zip``) or not; lines of several files (frames
        of a websocket, answers of its REST interface) are merged by time of receipt.
    form : BookForm or str, optional
        None: seen from how the first file begins.
    terms : BookTerms, or mapping of market to BookTerms, optional
        What a unit of size is worth; stands above what the recording or the venue's names say.

    Raises
    ------
    DataError
        A file that is not there or cannot be read.
    DataFormatError
        A line that cannot be used, with file, line and field.
    """
    paths = source_paths(source)
    held = _form(paths[0]) if form is None else chosen(BookForm, form, "form")
    into = Collected()
    counts = LineCounts()
    if held is BookForm.TARDIS:
        counts.lines = sum(read_tardis(path, into) for path in paths)
    else:
        reader = _READERS[held]()
        for message in messages_of(paths, counts):
            into.counts[_kind(reader, message, into)] += 1
    return Recording(
        feeds=into.feeds(terms),
        lines=counts.lines,
        no_message=counts.no_message,
        **into.counts,
    )


def _kind(reader: MessageReader, message: Message, into: Collected) -> str:
    into.place, into.at_ns = (message.path, message.line), message.at_ns
    try:
        return reader(message, into)
    except (DataFormatError, UsageError):
        raise
    except KeyError as error:
        found = f"no field {error}"
    except (AttributeError, IndexError, TypeError, ValueError, OverflowError) as error:
        found = str(error)
    raise refused(message.path, message.line, "must be a message of the venue", found)


def _form(path: Path) -> BookForm:
    with reading(path), open_bytes(path) as stream:
        begins = stream.read(_BEGINNING).decode("utf-8", errors="replace")
    if is_tardis(begins.split("\n", 1)[0]):
        return BookForm.TARDIS
    for form, sign in _SIGNS:
        if re.match(sign, begins):
            return form
    raise DataFormatError(
        "must be a recording in a known form",
        found=begins[:60],
        field=str(path),
        remedy=f"name the form: {', '.join(BookForm)}",
    )
