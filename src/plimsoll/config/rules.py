"""Faults between values: what no single key can show.

Each rule reads the document as written and looks only at parts of the right type, so that a fault
elsewhere never hides these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

from plimsoll.config.data_section import INTERVAL_MINUTES, MAPPED_FORMATS, PriceFormat
from plimsoll.config.document import Document, Path, path_text
from plimsoll.config.explain import choose, found_text
from plimsoll.config.fields import utc_time
from plimsoll.config.parts_rules import parts_faults
from plimsoll.domain.finding import Action, FindingKind
from plimsoll.errors import Fault
from plimsoll.marketdata.policy import ALLOWED_ACTIONS

_PERPETUAL = re.compile(r"(?P<base>[^/:\s]+)/(?P<quote>[^/:\s]+):(?P<settle>[^/:\s-]+)")
_FILELESS = (PriceFormat.SANDBOX,)
_ONE_FILE_A_MARKET = (PriceFormat.BINANCE_KLINE, PriceFormat.CCXT_OHLCV)


def cross_faults(document: Document) -> tuple[Fault, ...]:
    """Return the faults of every rule."""
    return tuple(fault for rule in RULES for fault in rule(document))


def fault_at(
    document: Document, path: Path, problem: str, remedy: str, found: str | None = None
) -> Fault:
    """Build a fault at ``path``; what was found defaults to what is written there."""
    return Fault(
        path=path_text(path),
        problem=problem,
        found=found_text(document, path) if found is None else found,
        remedy=remedy,
        line=document.line(path),
    )


def _items(document: Document, *path: str | int) -> list[object]:
    value = document.get(*path)
    return list(value) if isinstance(value, list) else []


def _keys(document: Document, *path: str | int) -> list[str]:
    value = document.get(*path)
    return list(value) if isinstance(value, dict) else []


def _number(document: Document, *path: str | int) -> float | None:
    value = document.get(*path)
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and abs(value) < 1e300 else None  # type: ignore[arg-type]


def written_time(document: Document, *path: str | int) -> datetime | None:
    """Time written at ``path``; None where there is none."""
    try:
        moment = utc_time(document.get(*path))
    except ValueError:
        return None
    return moment if isinstance(moment, datetime) else None


def _repeated_markets(document: Document) -> Iterator[Fault]:
    for key in ("symbol", "instrument"):
        first: dict[str, int] = {}
        for index in range(len(_items(document, "markets"))):
            name = document.get("markets", index, key)
            if not isinstance(name, str):
                continue
            if name in first:
                path = ("markets", index, key)
                yield fault_at(
                    document,
                    path,
                    f"must differ from markets[{first[name]}].{key}: a market stands once",
                    "delete one of the two entries",
                )
            first.setdefault(name, index)


def _undefined_classes(document: Document) -> Iterator[Fault]:
    names = _keys(document, "classes")
    for index in range(len(_items(document, "markets"))):
        name = document.get("markets", index, "class")
        if isinstance(name, str) and names and name not in names:
            path = ("markets", index, "class")
            yield fault_at(document, path, "must be defined under classes", choose(name, names))


def _instruments(document: Document) -> Iterator[Fault]:
    for index in range(len(_items(document, "markets"))):
        name = document.get("markets", index, "instrument")
        if not isinstance(name, str):
            continue
        path = ("markets", index, "instrument")
        match = _PERPETUAL.fullmatch(name)
        if match is None:
            form = "BASE/QUOTE:SETTLE, for instance BTC/USDT:USDT, or BTC/USD:BTC for inverse"
            yield fault_at(document, path, "must be a perpetual's unified name", f"write {form}")
            continue
        payoff = document.get("markets", index, "payoff") or "linear"
        settle = {"linear": match["quote"], "inverse": match["base"]}.get(str(payoff))
        if settle is not None and match["settle"] != settle:
            right = f"{match['base']}/{match['quote']}:{settle}"
            yield fault_at(
                document,
                path,
                f"must settle in {settle}, as the payoff is {payoff}",
                f"write {right}, or change the payoff",
            )


def _rising(document: Document) -> Iterator[Fault]:
    lists: list[Path] = [("structure", "leverage_grid")]
    lists += [("classes", name, "tier_caps_usd") for name in _keys(document, "classes")]
    for path in lists:
        values = [_number(document, *path, i) for i in range(len(_items(document, *path)))]
        for index, (lower, upper) in enumerate(pairwise(values), start=1):
            if lower is not None and upper is not None and upper <= lower:
                problem = f"must be more than the {lower:,.12g} before it"
                yield fault_at(document, (*path, index), problem, "order the list, each value once")


def _expiries(document: Document) -> Iterator[Fault]:
    """Buckets of dated futures rise in time to expiry."""
    for name in _keys(document, "classes"):
        path: Path = ("classes", name, "expiry_buckets")
        days = [
            _number(document, *path, i, "up_to_days") for i in range(len(_items(document, *path)))
        ]
        for index, (shorter, longer) in enumerate(pairwise(days), start=1):
            if shorter is not None and longer is not None and longer <= shorter:
                problem = f"must be more than the {shorter:g} before it"
                place = (*path, index, "up_to_days")
                yield fault_at(document, place, problem, "order the buckets, each time once")
        yield from _basis_defaults(document, path)


def _basis_defaults(document: Document, path: Path) -> Iterator[Fault]:
    """A calibrated basis rate has a default, a stated one has none."""
    for index in range(len(_items(document, *path))):
        asked = document.get(*path, index, "basis_rate") == "calibrated"
        place = (*path, index, "default_basis_rate")
        default = document.get(*place)
        if asked and default is None:
            problem = "must say what holds where futures have too few prices"
            yield fault_at(document, place, problem, "for instance default_basis_rate: 0.003")
        elif not asked and default is not None:
            problem = "must not stand beside a stated basis_rate"
            yield fault_at(
                document, place, problem, "write basis_rate: calibrated, or leave it out"
            )


def _ordered_classes(document: Document) -> Iterator[Fault]:
    """Classes that are ordered exist, each once."""
    path: Path = ("structure", "order", "classes")
    known, seen = _keys(document, "classes"), set[object]()
    for index, name in enumerate(_items(document, *path)):
        if isinstance(name, str) and known and name not in known:
            remedy = choose(name, known)
            yield fault_at(document, (*path, index), "must be defined under classes", remedy)
        elif name in seen:
            yield fault_at(document, (*path, index), "must occur once", "name each class once")
        seen.add(name)


def _limit_days(document: Document) -> Iterator[Fault]:
    """Open interest that is margined in full takes longer to close than what has base margin."""
    path: Path = ("structure", "limits")
    free, full = (_number(document, *path, key) for key in ("free_days", "full_days"))
    if not isinstance(document.get(*path), dict):
        return
    if (1.0 if free is None else free) >= (5.0 if full is None else full):
        place = (*path, "free_days" if full is None else "full_days")
        yield fault_at(
            document, place, "full_days must exceed free_days", "for instance 1 and 5 days"
        )


def _horizons(document: Document) -> Iterator[Fault]:
    interval = str(document.get("data", "prices", "interval") or "1h")
    minutes = INTERVAL_MINUTES.get(interval)
    if minutes is None:
        return
    paths: list[Path] = [("model", "step_hours")]
    for name in _keys(document, "classes"):
        paths += [
            ("classes", name, f"{which}_horizon_hours") for which in ("maintenance", "reaction")
        ]
    for path in paths:
        hours = _number(document, *path)
        if hours is not None and hours >= 1 and (60 * hours) % minutes:
            yield fault_at(
                document,
                path,
                f"must be a multiple of the {interval} bars: they cannot show less",
                f"write a multiple of {minutes // 60}, or bring finer data",
            )


def _steps(document: Document) -> Iterator[Fault]:
    step = _number(document, "model", "step_hours")
    if step is not None and step >= 1 and 24 % step:
        yield fault_at(
            document,
            ("model", "step_hours"),
            "must divide 24",
            "choose from 1, 2, 3, 4, 6, 8, 12, 24",
        )


def _rate_grid(document: Document) -> Iterator[Fault]:
    step = _number(document, "structure", "maintenance_rate_step")
    top = _number(document, "structure", "maximum_rate")
    if step is not None and step > (1.0 if top is None else top):
        yield fault_at(
            document,
            ("structure", "maintenance_rate_step"),
            "must not exceed structure.maximum_rate",
            "a common step is 0.0005",
        )
    path, least = ("structure", "tiers", "largest_step"), 0.0005 if step is None else step
    if (_number(document, *path) or least) < least:
        problem = "must be at least structure.maintenance_rate_step"
        yield fault_at(document, path, problem, f"for instance {least:g}, or leave it out")


def _price_source(document: Document) -> Iterator[Fault]:
    prices: Path = ("data", "prices")
    form = document.get(*prices, "format")
    if not isinstance(document.get(*prices), dict) or form not in list(PriceFormat):
        return
    path, columns = document.get(*prices, "path"), document.get(*prices, "columns")
    if form in _FILELESS:
        yield from _sandbox(document)
        return
    if path is None:
        yield fault_at(
            document, (*prices, "path"), "must be given", "say where the file lies", "nothing"
        )
    if form in MAPPED_FORMATS and columns is None:
        yield fault_at(
            document,
            (*prices, "columns"),
            f"must be given for {form}",
            "name at least `time` and `close`",
            "nothing",
        )
    if form not in MAPPED_FORMATS and columns is not None:
        problem = f"must be left out: {form} has columns of its own"
        yield fault_at(document, (*prices, "columns"), problem, "delete it")
    yield from _many_markets(document, str(form), path, columns)


def _many_markets(document: Document, form: str, path: object, columns: object) -> Iterator[Fault]:
    """One file for many markets must say which row is whose."""
    if not isinstance(path, str) or "{symbol}" in path or len(_items(document, "markets")) < 2:
        return
    has_symbol = isinstance(columns, dict) and columns.get("symbol") is not None
    if form in _ONE_FILE_A_MARKET or (form in MAPPED_FORMATS and columns and not has_symbol):
        yield fault_at(
            document,
            ("data", "prices", "path"),
            "must tell the markets apart",
            "put {symbol} into the path (one file a market)"
            + (", or name columns.symbol" if form in MAPPED_FORMATS else ""),
        )


def _lenders(document: Document) -> Iterator[Fault]:
    """All can only lend where one file names them; a calibrated market lends as it is."""
    lend, path = document.get("data", "lend"), document.get("data", "prices", "path")
    if lend == "all" and isinstance(path, str) and "{symbol}" in path:
        yield fault_at(
            document,
            ("data", "lend"),
            "must name the markets where each has a file of its own",
            "list their symbols",
        )
    listed = [document.get("markets", i, "symbol") for i in range(len(_items(document, "markets")))]
    own = {symbol for symbol in listed if isinstance(symbol, str)}
    seen: set[object] = set()
    for index, name in enumerate(_items(document, "data", "lend")):
        if isinstance(name, str) and (name in own or name in seen):
            place: Path = ("data", "lend", index)
            where = "under markets" if name in own else "before in the list"
            yield fault_at(document, place, f"must not stand {where} already", "delete it")
        seen.add(name)


def _lines(document: Document) -> Iterator[Fault]:
    """A band of breach rates, in shares of the target's, encloses it."""
    for key in ("pooled", "side", "year"):
        path: Path = ("evidence", "gate", "lines", key)
        low, high = (_number(document, *path, i) for i in (0, 1))
        if low is not None and high is not None and not low < 1.0 < high:
            yield fault_at(
                document, path, "must enclose 1, the target", "for instance [0.85, 1.15]"
            )


def _shared_files(document: Document) -> Iterator[Fault]:
    """Only prices may lie in one file a market."""
    for path in (("data", "funding", "path"), ("evidence", "incumbent", "path")):
        text = document.get(*path)
        if isinstance(text, str) and "{symbol}" in text:
            remedy = "name one file, or for funding a pattern with * and columns.symbol"
            yield fault_at(document, path, "must not hold {symbol}", remedy)


def _sandbox(document: Document) -> Iterator[Fault]:
    prices: Path = ("data", "prices")
    for key in ("path", "columns", "time_unit"):
        if document.get(*prices, key) is not None:
            problem = "must be left out: the sandbox generates its prices"
            yield fault_at(document, (*prices, key), problem, "delete it, or name another format")
    kind = document.get(*prices, "price_kind")
    if isinstance(kind, str) and kind != "synthetic_mark":
        yield fault_at(
            document,
            (*prices, "price_kind"),
            "must be synthetic_mark: generated prices are never shown as market data",
            "write synthetic_mark",
        )


def _dates(document: Document) -> Iterator[Fault]:
    since, until = written_time(document, "data", "since"), written_time(document, "data", "until")
    scored = written_time(document, "evidence", "from")
    if since and until and until <= since:
        yield fault_at(
            document, ("data", "until"), "must be later than data.since", "swap or mend the dates"
        )
    late = until and scored and scored >= until
    if late or (since and scored and scored < since):
        yield fault_at(
            document,
            ("evidence", "from"),
            "must lie between data.since and data.until",
            "score from a date the data reach, after the first year at best",
        )


def _inadmissible_actions(document: Document) -> Iterator[Fault]:
    known = {kind.value: kind for kind in FindingKind}
    actions = {action.value for action in Action}
    for key in _keys(document, "data", "findings"):
        action = document.get("data", "findings", key)
        if key in known and action in actions:
            allowed = sorted(one.value for one in ALLOWED_ACTIONS[known[key]])
            if action not in allowed:
                yield fault_at(
                    document,
                    ("data", "findings", key),
                    "must be an action that this kind of finding admits",
                    f"choose from {', '.join(allowed)}",
                )


def _beside(document: Document) -> Iterator[Fault]:
    yield from parts_faults(document, fault_at)


RULES: tuple[Callable[[Document], Iterator[Fault]], ...] = (
    _repeated_markets,
    _undefined_classes,
    _instruments,
    _rising,
    _expiries,
    _ordered_classes,
    _limit_days,
    _horizons,
    _steps,
    _rate_grid,
    _price_source,
    _lenders,
    _lines,
    _shared_files,
    _dates,
    _inadmissible_actions,
    _beside,
)
