"""Margin of a book as one HTML file: nothing is loaded, everything escaped, no script no loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.table import Table
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.margin_figures import loss_pictures
from plimsoll.report.surface_page import ChainPage, PageSection, rendered_page
from plimsoll.report.table_view import table_view


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountPage:
    """One account of the page.

    Parameters
    ----------
    name : str
    verdict : Verdict
        Holds, breach where it is under maintenance, not proven where it is not judged.
    meaning : str
        One sentence.
    key_figures : tuple of KeyFigure
    explanations : tuple of UnitExplanation
        Their heat maps are drawn.
    tables : tuple of Table
    preset : str
        Preset and its accuracy, for the title of every picture.
    word : str
        Printed for the verdict where it is none of a gate: ``NO NUMBER``.
    """

    name: str
    verdict: Verdict
    meaning: str
    key_figures: tuple[KeyFigure, ...]
    explanations: tuple[UnitExplanation, ...]
    tables: tuple[Table, ...]
    preset: str = ""
    word: str = ""


def margin_page(accounts: Sequence[AccountPage], *, title: str, source: str, note: str = "") -> str:
    """Return the margin of accounts as one self-contained HTML page.

    Parameters
    ----------
    accounts : sequence of AccountPage
    title : str
        Preset and time of the market.
    source : str
        Price source; stands on the page and under every picture and table.
    note : str
        A line for the foot. The page itself knows no clock: the same inputs give the same bytes.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    sections = [_section(place, account, source) for place, account in enumerate(accounts)]
    return rendered_page(sections, kind="Margin", title=title, source=source, note=note)


def _section(place: int, account: AccountPage, source: str) -> PageSection:
    return PageSection(
        chain=ChainPage(
            label=account.name,
            view=None,
            verdict=account.verdict,
            meaning=account.meaning,
            checks=(),
            key_figures=account.key_figures,
            tables=account.tables,
            word=account.word,
        ),
        anchor=f"account-{place}",
        heading="Loss by price and volatility",
        smiles=(),
        pictures=tuple(loss_pictures(account.explanations, source, account.preset, f"{place}-")),
        tables=tuple(table_view(table) for table in account.tables),
    )
