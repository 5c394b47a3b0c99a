"""``list-market``: some weeks of a coin's prices, its peers and its depth in; a set out."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plimsoll.calibration.listing.listing import ListingRecord
from plimsoll.calibration.listing.listing import list_market as listed
from plimsoll.calibration.listing.request import ListingRequest, ListingRules
from plimsoll.calibration.listing.young_risk import check_age
from plimsoll.calibration.problem import CalibrationProblem, RiskClass
from plimsoll.config.convert import finding_policy, price_label, to_problem
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.canonical import content_id
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, Bars, PriceKind
from plimsoll.domain.order_book import BookSamples
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import iso_minute
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.journeys.as_of import Day, as_of_ns
from plimsoll.journeys.estimate_books import coin
from plimsoll.journeys.list_market_depth import Depth, DepthGiven, PathLike, is_old, read_depth
from plimsoll.journeys.list_market_prices import CoinColumns, coin_bars, peer_bars, together
from plimsoll.journeys.list_market_result import ListingResult
from plimsoll.journeys.outputs import claimed, write_outputs
from plimsoll.journeys.reproduction import data_digests
from plimsoll.journeys.stages import Stages
from plimsoll.journeys.versions import CODE_VERSION, library_versions
from plimsoll.marketdata.assembly import Assembly, assemble


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The coin as asked for: its name, class, terms and size options."""

    market: str
    risk_class: RiskClass
    payoff: Payoff
    adv_usd: float | None
    tiers: int | None
    rules: ListingRules


def list_market(
    venue: VenueFile | str | os.PathLike[str],
    prices: Any,
    *,
    market: str | None = None,
    market_class: str | None = None,
    as_of: Day | None = None,
    book: PathLike | None = None,
    depth: PathLike | None = None,
    depth_usd: float | None = None,
    spread_bps: float | None = None,
    adv_usd: float | None = None,
    peers: Sequence[str] | None = None,
    tiers: int | None = None,
    payoff: Payoff | str | None = None,
    columns: CoinColumns | None = None,
    rules: ListingRules | None = None,
    data: Any = None,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> ListingResult:
    """List a coin: tiers, limits, haircut, add-ons, their uncertainty and the date of review.

    Parameters
    ----------
    venue : VenueFile, str or path
        Its classes and structure hold for the coin; its markets' prices are the peers.
    prices : path, frame or Bars
        Bars of the coin, as long as the peers', with ``close`` and, if it is there, ``volume``.
    market : str, optional
        Name of the coin; by default the file's only symbol, or the file's own name.
    market_class : str, optional
        By default that of the venue file's entry for it, or its only class.
    as_of : date, datetime or str, optional
        Midnight (UTC) of the listing; by default the last within the coin's data.
    book, depth, depth_usd, spread_bps
        Depth: a recorded book, a CSV file ``notional_usd,cost_bps``, or two numbers; without any
        the class's cost, with the Reason.
    adv_usd : float, optional
        Daily turnover; by default of the coin's own bars, else its class's.
    peers : sequence of str, optional
        Names, or ``("all",)`` for every market of the venue's prices.
    tiers : int, optional
        Most tiers; by default as many as are worth their place.
    payoff : Payoff or str, optional
        By default the venue file's, else linear.
    columns : CoinColumns, optional
    rules : ListingRules, optional
    data : frame or mapping, optional
        Prices of the peers, in place of the files that the venue names.
    out : path, optional
        Folder for parameters, evidence, report and tables.
    progress : Progress

    Returns
    -------
    ListingResult

    Raises
    ------
    ConfigurationError, DataError, EstimationError, StorageError, UsageError
        `UsageError` for a coin past its youth: `calibrate` is for it.
    """
    given = DepthGiven(book=book, depth=depth, depth_usd=depth_usd, spread_bps=spread_bps)
    stages = Stages()
    files: tuple[Any, ...] = ()
    with claimed(out) as output:
        file = (
            venue if isinstance(venue, VenueFile) else load_venue(venue, check_files=data is None)
        )
        problem, read = to_problem(file.config), columns or CoinColumns()
        kind = file.config.data.prices.price_kind
        if read.price_kind is not None:
            kind = chosen(PriceKind, read.price_kind, "price_kind")
        with stages.time("read prices"):
            own = coin_bars(prices, market, read, kind)
            asked = _asked(problem, own.market, market_class, payoff, adv_usd, tiers, rules)
            at_ns = as_of_ns(as_of, [own])
            _check_age(own, at_ns, asked.rules, problem)
            found, notes = _read_peers(file, own, peers, data, at_ns, progress)
        with stages.time("read depth"):
            held, digest = read_depth(given, own.market, at_ns)
        with stages.time("check data"):
            assembly = _assembled(file, found, own.market, at_ns, progress)
        problem = replace(problem, label=price_label(file.config, assembly.history.price_kind))
        record = _record(file, found, at_ns, digest, (*notes, *_book_note(held, at_ns)))
        record = replace(record, command=_command(file, prices, asked, at_ns, given, peers))
        with stages.time("assess the coin"):
            progress.start("assess the coin")
            try:
                listing = listed(_request(problem, assembly, asked, held, at_ns), record)
            finally:
                progress.finish()
        if output is not None:
            with stages.time("write report"):
                title = f"{problem.venue}: {own.market} to be listed"
                files = write_outputs(listing.calibration, output, title, {})
    return ListingResult(
        market=own.market, listing=listing, timings=stages.timings, files=tuple(files)
    )


def _asked(
    problem: CalibrationProblem,
    market: str,
    market_class: str | None,
    payoff: Payoff | str | None,
    adv_usd: float | None,
    tiers: int | None,
    rules: ListingRules | None,
) -> _Asked:
    entry = next((spec for spec in problem.markets if spec.symbol == market), None)
    name = market_class or (entry.risk_class if entry else None)
    if name is None and len(problem.classes) == 1:
        (name,) = problem.classes
    if name is None or name not in problem.classes:
        raise UsageError(
            f"must be one of the venue's classes: {', '.join(problem.classes)}",
            found=name or "none",
            field="market_class",
        )
    own = Payoff.LINEAR if entry is None else entry.payoff
    return _Asked(
        market=market,
        risk_class=problem.classes[name],
        payoff=own if payoff is None else chosen(Payoff, payoff, "payoff"),
        adv_usd=adv_usd if adv_usd is not None else (entry.adv_usd if entry else None),
        tiers=tiers,
        rules=rules or ListingRules(),
    )


def _check_age(own: Bars, at_ns: int, rules: ListingRules, problem: CalibrationProblem) -> None:
    """Before the peers are read: the first bar, whatever it is worth."""
    age = (at_ns - int(own.time_ns.min())) / DAY_NS if len(own) else 0.0
    check_age(age, own.market, rules, problem.short_history.minimum_days)


def _read_peers(
    file: VenueFile,
    own: Bars,
    peers: Sequence[str] | None,
    data: Any,
    at_ns: int,
    progress: Progress,
) -> tuple[dict[str, Bars], tuple[str, ...]]:
    progress.start("read the peers' prices")
    try:
        others, told = peer_bars(file, own.market, peers, data)
    finally:
        progress.finish()
    found, more = together(own, others, at_ns)
    return found, (*told, *more)


def _assembled(
    file: VenueFile, found: Mapping[str, Bars], market: str, at_ns: int, progress: Progress
) -> Assembly:
    """All bars known at the listing, checked and aligned; the coin must be among them."""
    progress.start("check data", None)
    try:
        assembly = assemble(found, finding_policy(file.config), until_ns=at_ns)
    finally:
        progress.finish()
    if market not in assembly.history.markets:
        refusal = assembly.refused.get(market)
        raise InsufficientDataError(
            "must have prices that can be used before the listing",
            found=refusal.reason.value if refusal else "none",
            field=market,
            remedy="mend the data, or relax the policy on findings in the venue file",
        )
    return replace(assembly, history=assembly.history.before(at_ns))


def _request(
    problem: CalibrationProblem, assembly: Assembly, asked: _Asked, held: Depth, at_ns: int
) -> ListingRequest:
    specs = {spec.symbol: spec for spec in problem.markets}
    sources = {m: specs.get(assembly.sources.get(m, m)) for m in assembly.history.markets}
    payoffs = {m: spec.payoff for m, spec in sources.items() if spec is not None}
    return ListingRequest(
        market=asked.market,
        asset=coin(asked.market),
        history=assembly.history,
        as_of_ns=at_ns,
        problem=problem,
        risk_class=asked.risk_class,
        class_of={m: spec.risk_class for m, spec in sources.items() if spec is not None},
        payoff_of={**payoffs, asked.market: asked.payoff},
        depth=held,
        adv_usd=asked.adv_usd,
        tiers=asked.tiers,
        rules=asked.rules,
    )


def _book_note(held: Depth, at_ns: int) -> tuple[str, ...]:
    if isinstance(held, BookSamples) and is_old(held, at_ns):
        return (f"The last recorded book is of {iso_minute(int(held.time_ns[-1]))} UTC.",)
    return ()


def _record(
    file: VenueFile, found: Mapping[str, Bars], at_ns: int, depth: str, notes: tuple[str, ...]
) -> ListingRecord:
    digests = data_digests(found, None, None, at_ns)
    return ListingRecord(
        data_digest=content_id({"prices": digests["data"], "depth": depth}),
        code_version=CODE_VERSION,
        command="",
        policy=finding_policy(file.config),
        notes=notes,
        provenance={"peers": str(len(found) - 1), "bars digest": digests["bars"]}
        | {f"version of {name}": version for name, version in library_versions().items()},
    )


def _command(
    file: VenueFile,
    prices: Any,
    asked: _Asked,
    at_ns: int,
    given: DepthGiven,
    peers: Sequence[str] | None,
) -> str:
    """Command of the run, with files named without their folders."""
    own = os.path.basename(prices) if isinstance(prices, str | os.PathLike) else "<prices>"
    words = ["plimsoll", "list-market", file.source.name, own, "--market", asked.market]
    words += ["--class", asked.risk_class.name, "--as-of", iso_minute(at_ns)[:10]]
    options = {
        "--book": given.book and os.path.basename(given.book),
        "--depth": given.depth and os.path.basename(given.depth),
        "--depth-usd": given.depth_usd,
        "--spread-bps": given.spread_bps,
        "--adv-usd": asked.adv_usd,
        "--peers": ",".join(peers) if peers else None,
        "--tiers": asked.tiers,
    }
    for option, value in options.items():
        if value is not None:
            words += [option, str(value)]
    return shlex.join(words)
