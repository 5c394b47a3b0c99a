"""Examinations of one answer: levels in order, parts that add up, explanations that add up."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.requirement import Requirements, total_of
from plimsoll.testing.margin_findings import MarginFinding, failed
from plimsoll.testing.margin_properties import MarginProperty
from plimsoll.testing.subject import Subject
from plimsoll.testing.unit_numbers import unit_numbers


def check_levels(subject: Subject, book: Book) -> list[MarginFinding]:
    """Initial margin is at least maintenance margin, and that at least 0."""
    found = subject.prepared.requirements(book)
    gross, out = subject.gross(found), []
    for (name, market, _), unit in unit_numbers(found).items():
        slack = subject.tolerance.of(0.0, gross[name])
        for what, low, high in (
            ("initial under maintenance margin", unit.maintenance, unit.initial),
            ("maintenance margin under 0", 0.0, unit.maintenance),
        ):
            if high < low - slack:
                detail = f"{what} of {market or 'cross'}"
                out.append(
                    failed(
                        MarginProperty.LEVELS,
                        detail,
                        expected=low,
                        found=high,
                        account=book.account(name),
                    )
                )
    return out


def check_parts(subject: Subject, book: Book) -> list[MarginFinding]:
    """Terms add up to the last bit; without terms, the positions do."""
    found = subject.prepared.requirements(book)
    if found.terms:
        initial, maintenance = total_of(found.terms, len(found))
    else:
        initial, maintenance = (
            np.bincount(found.parts.unit, values, len(found)).astype(np.float64)
            for values in (found.parts.initial, found.parts.maintenance)
        )
    out = []
    for name, total in (("initial", initial), ("maintenance", maintenance)):
        told = getattr(found, name)
        for u in np.flatnonzero(~((told == total) | (np.isnan(told) & np.isnan(total)))).tolist():
            out.append(
                failed(
                    MarginProperty.PARTS,
                    f"{name} margin is not the sum of its parts",
                    expected=float(total[u]),
                    found=float(told[u]),
                    account=book.account(book.accounts[int(found.account[u])]),
                )
            )
    return out


def check_explanations(subject: Subject, book: Book) -> list[MarginFinding]:
    """Explained terms and contributions add up to the requirement, unit by unit."""
    found = subject.prepared.requirements(book)
    promised = MarginProperty.UNIT_EXPLANATIONS in subject.promises
    if found.unit_explainer is None:
        detail = "the requirements have no unit_explainer"
        return [failed(MarginProperty.UNIT_EXPLANATIONS, detail)] if promised else []
    gross, out = subject.gross(found), []
    for name in book.accounts:
        units = found.units_of(name).tolist()
        for unit, told in zip(units, found.explanations(name), strict=True):
            slack = subject.tolerance.of(float(found.initial[unit]), gross[name])
            for detail, expected, sums in _sums(found, unit, told, slack):
                out.append(
                    failed(
                        MarginProperty.EXPLANATION,
                        detail,
                        expected=expected,
                        found=sums,
                        account=book.account(name),
                    )
                )
    return out


def _sums(
    found: Requirements, unit: int, told: UnitExplanation, slack: float
) -> list[tuple[str, float, float]]:
    """What does not add up: detail, what it should be, what it is."""
    if np.isnan(found.maintenance[unit]) or np.isnan(found.initial[unit]):
        return []
    initial = maintenance = 0.0
    for term in told.terms:
        initial, maintenance = initial + term.initial, maintenance + term.maintenance
    pairs = [
        ("initial margin of the explanation", float(found.initial[unit]), told.initial, 0.0),
        (
            "maintenance margin of the explanation",
            float(found.maintenance[unit]),
            told.maintenance,
            0.0,
        ),
        ("explained terms, initial", told.initial, initial, 0.0),
        ("explained terms, maintenance", told.maintenance, maintenance, 0.0),
        ("equity of the explanation", float(found.equity[unit]), told.equity, slack),
        *_contributions(told, slack),
    ]
    return [(detail, a, b) for detail, a, b, far in pairs if not (a == b or abs(a - b) <= far)]


def _contributions(told: UnitExplanation, slack: float) -> list[tuple[str, float, float, float]]:
    """Sums of contributions beside the term they are of; their own size sets the rounding."""
    terms = {term.name: term.maintenance for term in told.terms}
    sums, largest = dict[str, float](), dict[str, float]()
    for part in told.contributions:
        sums[part.of] = sums.get(part.of, 0.0) + part.contribution
        largest[part.of] = max(largest.get(part.of, 0.0), abs(part.contribution))
    return [
        (
            f"contributions to {of}",
            terms.get(of, float("nan")),
            total,
            slack + 1e-12 * largest[of],
        )
        for of, total in sums.items()
    ]
