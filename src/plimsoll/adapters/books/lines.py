"""Lines of recordings: when each was received, and the message in it."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.csv_layout import not_utf8, open_bytes
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeUnit, plausible_ns
from plimsoll.errors import DataFormatError

_STAMPED = re.compile(r"(\d{19}) (?=[{\[])")  # ns, a blank, the message
_RECEIVED = re.compile(r"(\d{10})(?:\.(\d{1,9}))?: (?=[{\[])")  # seconds of a websocket frame
_ANSWERED = re.compile(r"(https?://\S+) -> (\d{10})(?:\.(\d{1,9}))?: (?=[{\[])")  # REST
_NO_MESSAGE = re.compile(r"\S+://\S+ <-?>? ?.*|configuration: .*")  # sent, opened, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a recording.

    Parameters
    ----------
    path : Path
    line : int
        From 1.
    at_ns : int
        When it was received; where the recording does not say, the venue's own time.
    document : object
        Decoded JSON.
    url : str
        Of a REST answer; else empty.
    """

    path: Path
    line: int
    at_ns: int
    document: Any
    url: str = ""


@dataclass(slots=True)
class LineCounts:
    """Lines of files, and those that hold no message of the venue."""

    lines: int = 0
    no_message: int = 0


def messages_of(paths: Sequence[Path], counts: LineCounts) -> Iterator[Message]:
    """Yield the messages of files, merged by time of receipt; equal times keep the files' order.

    Raises
    ------
    DataFormatError
        A line in no known form, or that is not JSON, with its file and line.
    """
    if len(paths) == 1:
        return _messages(paths[0], counts)
    return heapq.merge(*(_messages(path, counts) for path in paths), key=lambda m: m.at_ns)


def _messages(path: Path, counts: LineCounts) -> Iterator[Message]:
    with reading(path), open_bytes(path) as stream:
        for line, raw in enumerate(stream, start=1):
            try:
                text = raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise not_utf8(path, "other bytes", line) from None
            if not text:
                continue
            counts.lines += 1
            message = _message(path, line, text)
            if message is None:
                counts.no_message += 1
            else:
                yield message


def _message(path: Path, line: int, text: str) -> Message | None:
    url, at_ns, start = "", 0, 0
    if stamped := _STAMPED.match(text):
        at_ns, start = int(stamped[1]), stamped.end()
    elif received := _RECEIVED.match(text):
        at_ns, start = _seconds_ns(received[1], received[2]), received.end()
    elif answered := _ANSWERED.match(text):
        url, start = answered[1], answered.end()
        at_ns = _seconds_ns(answered[2], answered[3])
    elif _NO_MESSAGE.fullmatch(text):
        return None
    elif not text.startswith("{"):
        raise refused(path, line, "must begin with a time of receipt, or be JSON", text[:60])
    try:
        document = json.loads(text[start:])
    except (ValueError, RecursionError) as error:
        raise refused(path, line, "must be JSON", str(error)) from None
    at_ns = at_ns or _own_time(path, line, document)
    return Message(path=path, line=line, at_ns=at_ns, document=document, url=url)


def _own_time(path: Path, line: int, document: Any) -> int:
    """Time the venue wrote into a message that was recorded without a time of receipt."""
    stamp = document.get("ts") if isinstance(document, dict) else None
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        raise refused(path, line, "must say when it was received, or hold ts in ms", repr(stamp))
    return plausible_ns(stamp, TimeUnit.MILLISECONDS, f"{path}, line {line}: ts")


def _seconds_ns(seconds: str, fraction: str | None) -> int:
    return int(seconds) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def refused(path: Path, line: int, must: str, found: object) -> DataFormatError:
    """Return the error for a line that cannot be used."""
    return DataFormatError(
        must,
        found=found,
        field=f"{path}, line {line}",
        remedy="it may be cut off or of another venue; take the line out, or fetch it again",
    )
