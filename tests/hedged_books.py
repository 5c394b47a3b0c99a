"""Hedged and arbitrage books on the generated market, and what every model asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.margin.protocol import Prepared
from plimsoll.testing.generated_books import position
from sandbox_examined import Examined
from sandbox_margin import TRUTHS
from sandbox_models import HEDGED_ADD_ONS, MODELS, with_add_ons

Held = Mapping[str, float]
SPOT = {coin: truth.index for coin, truth in TRUTHS.items()}
ONE = SPOT["HELM"] / 10.0  # inverse contracts of 10 USD that are one coin
KEELS = SPOT["HELM"] / SPOT["KEEL"]  # coins worth as much
C, F = "HELM", "HELM_USDC"

BOOKS: dict[str, tuple[Held, ...]] = {
    "basis": (
        {f"{C}-PERP": -ONE, f"{C}-Q": ONE},
        {f"{F}-PERP": -100.0, f"{F}-Q": 100.0},
        {f"{F}-PERP": -100.0, f"{F}-Q-100-C": 1.0, f"{F}-Q-100-P": -1.0},
    ),
    "calendar": (
        {f"{C}-M-100-C": -1.0, f"{C}-Q-100-C": 1.0},
        {f"{F}-M-100-C": -1.0, f"{F}-Q-100-C": 1.0},
    ),
    "box": tuple(
        {
            f"{root}-Q-80-C": 1.0,
            f"{root}-Q-120-C": -1.0,
            f"{root}-Q-80-P": -1.0,
            f"{root}-Q-120-P": 1.0,
        }
        for root in (C, F)
    ),
    "delta hedge": (
        {f"{C}-M-100-C": -1.0, f"{C}-PERP": 0.53 * ONE},
        {f"{F}-M-100-C": -1.0, f"{F}-PERP": 53.0},
    ),
    "butterfly": tuple(
        {f"{root}-M-80-C": 1.0, f"{root}-M-100-C": -2.0, f"{root}-M-120-C": 1.0} for root in (C, F)
    ),
    "cross-venue pair": ({f"{C}-PERP": ONE, f"{F}-PERP": -100.0},),
    "two coins": (
        {"HELM-PERP": ONE, "KEEL-PERP": -ONE},
        {"HELM_USDC-PERP": 100.0, "KEEL_USDC-PERP": -100.0 * KEELS},
    ),
}
"""Each as coin-settled contracts, else as linear ones, else with a forward made of options."""

TABLED: dict[str, Examined] = {n: m for n, m in MODELS.items() if "add-ons" not in n}

THIN_SHARE = 0.002
"""Of a leg's notional: less than it costs to close the book is as good as nothing."""

SAME_MOVE = "every leg moves with spot alone, and the scenarios move nothing else"
FIXED = "a fixed amount of dollars whatever happens, and no charge is on gross size"
THIN: dict[tuple[str, str], str] = {
    ("deribit X:PM", "box"): FIXED,
    ("exposure", "basis"): SAME_MOVE,
    ("exposure", "box"): FIXED,
    ("exposure", "cross-venue pair"): SAME_MOVE,
}
"""Books of which a model asks as good as nothing by its own rule, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgedMargin:
    """A book's initial and maintenance margin and the sums over its legs alone, in USD.

    Parameters
    ----------
    terms : mapping of str to float
        Initial margin of the book by the title of its terms.
    """

    initial: float
    maintenance: float
    initial_of_legs: float
    maintenance_of_legs: float
    terms: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return self.initial / self.initial_of_legs

    @property
    def thin(self) -> bool:
        return min(self.initial, self.maintenance) < THIN_SHARE * SPOT["HELM"]


def hedged_margins() -> dict[tuple[str, str], HedgedMargin | None]:
    """By model and book; None where the model margins no variant of the book."""
    return {
        (name, title): margin
        for name, model in TABLED.items()
        for title, margin in _margins_of(model).items()
    }


def thin_with(add_ons: tuple[Any, ...]) -> dict[tuple[str, str], HedgedMargin]:
    """What `THIN` books cost with add-ons for hedged size."""
    found = {}
    for name in dict.fromkeys(name for name, _ in THIN):
        margins = _margins_of(with_add_ons(TABLED[name], add_ons))
        found |= {(name, t): m for t, m in margins.items() if (name, t) in THIN and m is not None}
    return found


def margins_table(margins: Mapping[tuple[str, str], HedgedMargin | None]) -> list[str]:
    """Lines of the table of models by books: initial margin, that of the legs, ratio."""
    lines = [_line(["model", *BOOKS]), _line(["---", *["---:"] * len(BOOKS)])]
    for name in TABLED:
        cells = [_cell(margins[name, title]) for title in BOOKS]
        lines.append(_line([name, *cells]))
    return lines


def add_ons_table(margins: Mapping[tuple[str, str], HedgedMargin | None]) -> list[str]:
    """Lines of the table of books that cost as good as nothing, and what add-ons ask of them."""
    heads = ["model", "book", "initial margin", "why", "with minimum charge", "with all", "of them"]
    lines = [_line(heads), _line(["---", "---", "---:", "---", "---:", "---:", "---"])]
    closed, charged = thin_with(HEDGED_ADD_ONS), thin_with(MINIMUM_ALONE)
    for (name, title), why in THIN.items():
        before, after = margins[name, title], closed[name, title]
        assert before is not None
        asked = [f"{t} {x:,.0f}" for t, x in after.terms.items() if t in ADD_ON_TITLES and x > 0.5]
        lines.append(
            _line(
                [
                    name,
                    title,
                    f"{before.initial + 0.0:,.0f}",
                    why,
                    f"{charged[name, title].initial:,.0f}",
                    f"{after.initial:,.0f}",
                    ", ".join(asked),
                ]
            )
        )
    return lines


MINIMUM_ALONE = HEDGED_ADD_ONS[:1]
ADD_ON_TITLES = ("Minimum charge", "Basis", "Stablecoin depeg")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(margin: HedgedMargin | None) -> str:
    if margin is None:
        return "–"
    share = 100.0 * margin.ratio
    return f"{margin.initial + 0.0:,.0f} of {margin.initial_of_legs:,.0f} ({share:.1f} %)"


def _margins_of(model: Examined) -> dict[str, HedgedMargin | None]:
    prepared = model.case.prepared()
    return {
        title: next((m for v in variants if (m := _margin(model, prepared, v)) is not None), None)
        for title, variants in BOOKS.items()
    }


def _margin(model: Examined, prepared: Prepared, held: Held) -> HedgedMargin | None:
    legs = tuple(position(model.case, m, q) for m, q in held.items())
    book = Book.from_accounts(
        [
            Account(name="book", positions=legs),
            *(Account(name=leg.market, positions=(leg,)) for leg in legs),
        ]
    )
    asked = prepared.requirements(book)
    if asked.unknown.any():
        return None
    in_usd = SPOT.get(asked.numeraire, 1.0)
    initial, maintenance = asked.initial * in_usd, asked.maintenance * in_usd
    return HedgedMargin(
        initial=float(initial[0]),
        maintenance=float(maintenance[0]),
        initial_of_legs=float(initial[1:].sum()),
        maintenance_of_legs=float(maintenance[1:].sum()),
        terms={t.title: float(t.initial[0]) * in_usd for t in asked.terms},
    )
