"""What Deribit's API answers about options, as received.

- ``public/get_book_summary_by_currency``: one answer is one snapshot of all options of a coin.
- ``public/ticker``, ``public/get_order_book`` and ``ticker.*`` subscriptions: one option each;
  the chain at an instant is the last message of each option before it.
- ``public/get_instruments``: terms of the options, held against their names.

Volatilities are per cent, times ms; a side without orders is null in summaries and zero with
zero amount in tickers. An expiry whose underlying is ``index_price`` has no forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from plimsoll.adapters.chains.json_values import json_mapping, json_number, json_time_ns
from plimsoll.adapters.chains.rows import (
    INDEX_NAME,
    ROW_SCHEMA,
    VolUnit,
    as_fraction,
)
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.time_units import TimeUnit
from plimsoll.errors import DataFormatError


@dataclass(slots=True)
class DeribitAnswers:
    """Answers sorted by what they are.

    Parameters
    ----------
    summaries : list of (at_ns, records)
        Snapshots; ``at_ns`` None where the answer around the records does not tell it.
    tickers : list of mapping
        Messages on one option each.
    instruments : dict of name to mapping
    """

    summaries: list[tuple[int | None, list[Mapping[str, Any]]]] = field(default_factory=list)
    tickers: list[Mapping[str, Any]] = field(default_factory=list)
    instruments: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def sorted_answers(documents: Iterable[Any]) -> DeribitAnswers:
    """Sort answers, subscription messages and bare results by what they hold.

    Messages on anything else (books, trades, confirmations) are passed over.

    Raises
    ------
    DataFormatError
        An answer whose ``usOut`` is no time; a record without a name among named ones.
    """
    answers = DeribitAnswers()
    for document in documents:
        _sort(document, None, answers)
    return answers


def _sort(document: Any, at_ns: int | None, answers: DeribitAnswers) -> None:
    if isinstance(document, list):
        records = [item for item in document if isinstance(item, Mapping)]
        if records and "instrument_name" in records[0]:
            _check_named(document)
            _sort_records(records, at_ns, answers)
        elif len(records) == len(document):
            for item in records:
                _sort(item, at_ns, answers)
    elif isinstance(document, Mapping):
        if "result" in document:
            out = document.get("usOut")
            told = None if out is None else json_time_ns(out, TimeUnit.MICROSECONDS, "usOut")
            _sort(document["result"], told, answers)
        elif isinstance(document.get("params"), Mapping):
            _sort(document["params"].get("data"), None, answers)
        elif "mark_iv" in document and "timestamp" in document:
            answers.tickers.append(document)


def _check_named(document: list[Any]) -> None:
    for row, item in enumerate(document):
        if not isinstance(item, Mapping) or "instrument_name" not in item:
            raise DataFormatError(
                "must be objects with an instrument_name, as the first is",
                found=type(item).__name__,
                field="result",
                row=row,
            )


def _sort_records(
    records: list[Mapping[str, Any]], at_ns: int | None, answers: DeribitAnswers
) -> None:
    if "expiration_timestamp" in records[0]:
        answers.instruments.update({str(item["instrument_name"]): item for item in records})
    elif "timestamp" in records[0]:
        answers.tickers.extend(item for item in records if "mark_iv" in item)
    elif "underlying_price" in records[0] or any("underlying_price" in item for item in records):
        options = [item for item in records if "underlying_price" in item]
        answers.summaries.append((at_ns, options))


def summary_rows(
    answers: DeribitAnswers, named_ns: Sequence[int] | None, source: str
) -> Iterable[pl.DataFrame]:
    """Yield each summary as rows of options of one time.

    Parameters
    ----------
    answers : DeribitAnswers
    named_ns : sequence of int or None
        Times the caller named; a single one is the time of summaries that tell none.

    Raises
    ------
    DataFormatError
        A summary without a time.
    """
    for told_ns, records in answers.summaries:
        only = named_ns[0] if named_ns is not None and len(named_ns) == 1 else None
        when = told_ns or _created_ns(records, source) or only
        if when is None:
            raise DataFormatError(
                "must tell the time of the answer",
                found="neither usOut nor creation_timestamp",
                field=source,
                remedy="keep the whole answer, or name the time with at",
            )
        created = [_time_ns(item, "creation_timestamp", when, source) for item in records]
        yield _rows(
            records,
            {
                "at_ns": [when] * len(records),
                "quote_ns": created,
                "bid": [_number(item, "bid_price", source) for item in records],
                "ask": [_number(item, "ask_price", source) for item in records],
                "index": [_index(item, "estimated_delivery_price", source) for item in records],
                "volume": [_number(item, "volume", source) for item in records],
            },
            answers.instruments,
            source,
        )


def _created_ns(records: list[Mapping[str, Any]], source: str) -> int | None:
    return max(_time_ns(item, "creation_timestamp", 0, source) for item in records) or None


def ticker_rows(answers: DeribitAnswers, source: str) -> pl.DataFrame:
    """Return the messages on single options as rows, each with its own time."""
    records = answers.tickers
    times = [_time_ns(item, "timestamp", None, source) for item in records]
    stats = [json_mapping(item.get("stats"), _field(item, "stats", source)) for item in records]
    return _rows(
        records,
        {
            "at_ns": times,
            "quote_ns": times,
            "bid": [_side(item, "best_bid", source) for item in records],
            "ask": [_side(item, "best_ask", source) for item in records],
            "index": [_index(item, "index_price", source) for item in records],
            "volume": [_number(item, "volume", source) for item in stats],
        },
        answers.instruments,
        source,
    )


def _rows(
    records: list[Mapping[str, Any]],
    own: dict[str, list[Any]],
    instruments: Mapping[str, Mapping[str, Any]],
    source: str,
) -> pl.DataFrame:
    names = [str(item.get("instrument_name", "")) for item in records]
    terms = [instruments.get(name, {}) for name in names]
    data = own | {
        ROW: list(range(len(records))),
        "name": names,
        "currency": [item.get("base_currency") for item in records],
        "expiry_ns": [_time_ns(item, "expiration_timestamp", 0, source) or None for item in terms],
        "strike": [_number(item, "strike", source) for item in terms],
        "is_call": [_is_call(item) for item in terms],
        "mark": [_number(item, "mark_price", source) for item in records],
        "forward": [_forward(item, source) for item in records],
        "mark_vol": [_number(item, "mark_iv", source) for item in records],
        "open_interest": [_number(item, "open_interest", source) for item in records],
    }
    frame = pl.DataFrame({name: data[name] for name in ROW_SCHEMA}, schema=ROW_SCHEMA, strict=False)
    vols = as_fraction(frame["mark_vol"], VolUnit.PER_CENT, f"{source}: mark_iv")
    return frame.with_columns(vols.alias("mark_vol"))


def _number(item: Mapping[str, Any], key: str, source: str) -> float | None:
    return json_number(item.get(key), _field(item, key, source))


def _time_ns(item: Mapping[str, Any], key: str, missing: int | None, source: str) -> int:
    value = item.get(key)
    if value is None and missing is not None:
        return missing
    return json_time_ns(value, TimeUnit.MILLISECONDS, _field(item, key, source))


def _field(item: Mapping[str, Any], key: str, source: str) -> str:
    name = item.get("instrument_name")
    return f"{source}: {name} {key}" if isinstance(name, str) else f"{source}: {key}"


def _side(item: Mapping[str, Any], side: str, source: str) -> float | None:
    """Return the best price of a side; a zero without an amount says that there is none."""
    price = _number(item, f"{side}_price", source)
    return price if price != 0.0 or item.get(f"{side}_amount") else None


def _forward(item: Mapping[str, Any], source: str) -> float | None:
    named = item.get("underlying_index")
    return None if named == INDEX_NAME else _number(item, "underlying_price", source)


def _index(item: Mapping[str, Any], key: str, source: str) -> float | None:
    told = _number(item, key, source)
    if told is None and item.get("underlying_index") == INDEX_NAME:
        return _number(item, "underlying_price", source)
    return told


def _is_call(terms: Mapping[str, Any]) -> bool | None:
    right = terms.get("option_type")
    return {"call": True, "put": False}.get(right) if isinstance(right, str) else None
