"""The venue file of a portfolio-margin venue: a ``grid`` section in place of markets.

A venue whose margin is a grid of scenarios has no ratios by market. Its file names the family of
the grid, the published set it starts from, and the chains and prices that the losses of a library
of portfolios are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_problem import GridModel
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.calibration.grids.reference_scenarios import ScenarioSettings
from plimsoll.config.data_section import TimeUnit
from plimsoll.config.fields import (
    Count,
    Level,
    Multiple,
    PathText,
    PositiveShare,
    Section,
    Seed,
    Share,
    Text,
    UtcTime,
)
from plimsoll.config.venue import VenueSection
from plimsoll.domain.market import PriceKind

_TARGET = GridTarget()
_SCENARIOS = ScenarioSettings()


class FamilyName(StrEnum):
    """Kinds of portfolio, as a venue file writes them."""

    DELTA_ONE = "delta_one"
    SINGLE_OPTION = "single_option"
    STRADDLE = "straddle"
    RATIO = "ratio"
    RANDOM = "random"
    VERTICAL = "vertical"
    BUTTERFLY = "butterfly"
    CALENDAR = "calendar"
    COLLAR = "collar"
    DELTA_HEDGED = "delta_hedged"
    BASIS = "basis"
    MARKET_MAKER = "market_maker"
    COIN_PAIR = "coin_pair"

    @property
    def family(self) -> PortfolioFamily:
        """The kind itself."""
        return PortfolioFamily[self.name]


class ChainFiles(Section):
    """Option chains by snapshot; all families of formats that `plimsoll surface` reads."""

    path: PathText = Field(description="* matches many files")
    format: Text | None = Field(default=None, description="left out: told by the file")


class SpotColumns(Section):
    """Columns of a file of closes."""

    time: Text = Field(description="bar OPEN time")
    close: Text
    symbol: Text | None = None


class SpotFile(Section):
    """Hourly closes of the coins; where two files have an hour, the later one stands."""

    path: PathText
    format: Literal["parquet", "csv"] = "parquet"
    columns: SpotColumns
    symbols: Mapping[Text, Text] = Field(
        default_factory=dict, description="coin: symbol in the file, where they differ"
    )
    time_unit: TimeUnit | None = None
    price_kind: PriceKind = PriceKind.SPOT_CLOSE
    since: UtcTime | None = None
    until: UtcTime | None = None


class IndexFile(Section):
    """Daily closes of a 30-day volatility index of the first coin, per cent a year."""

    path: PathText
    format: Literal["parquet", "csv"] = "parquet"
    columns: SpotColumns
    time_unit: TimeUnit | None = None


class GridTargetSection(Section):
    """What the library must be covered at."""

    coverage: Level = 1.0 - _TARGET.breach
    confidence: Level = _TARGET.confidence
    portfolio_coverage: Level = 1.0 - _TARGET.portfolio_breach
    settling_portfolio_coverage: Level = 1.0 - _TARGET.settling_breach
    family_stressed_coverage: Level | None = 1.0 - (_TARGET.stressed_breach or 0.0)
    stressed_coverage: Level | None = 1.0 - (_TARGET.stressed_group_breach or 0.0)
    strictness: Annotated[tuple[PositiveShare, ...], Field(min_length=1, max_length=5)] = (
        1.0,
        0.75,
        0.5,
    )


class CrisisEntry(Section):
    """Days whose moves make the stressed leg, or are kept out of it to judge by."""

    from_: UtcTime = Field(alias="from")
    to: UtcTime


class StressSection(Section):
    """The stressed leg of the reference scenarios."""

    weight: Share = _SCENARIOS.stressed_weight
    every_hours: Annotated[int, Field(ge=1, le=24)] = _SCENARIOS.stressed_every_hours
    basis_factor: Multiple = _SCENARIOS.basis_stress
    crises: Annotated[tuple[CrisisEntry, ...], Field(max_length=50)] = ()
    held_out: Annotated[tuple[CrisisEntry, ...], Field(max_length=50)] = ()


class GridSection(Section):
    """A grid to calibrate."""

    model: GridModel
    preset: Text
    underlyings: Annotated[tuple[Text, ...], Field(min_length=1, max_length=8)]
    chains: ChainFiles
    spot: Annotated[tuple[SpotFile, ...], Field(min_length=1, max_length=20)]
    volatility_index: IndexFile
    target: GridTargetSection = Field(default_factory=GridTargetSection)
    horizon_hours: Literal[24] = 24
    filter_share: Share = _SCENARIOS.filter_share
    stress: StressSection = Field(default_factory=StressSection)
    portfolios: Mapping[FamilyName, Multiple] = Field(default_factory=dict)
    snapshots: Annotated[int, Field(ge=1, le=50)] = 6
    volatility_levels: Annotated[tuple[Share, ...], Field(max_length=10)] = (0.5, 0.95)
    replicates: Annotated[Count, Field(le=200)] = 8
    calibrate_until: UtcTime | None = None
    judged_from: UtcTime | None = None


class GridVenueConfig(Section):
    """A venue file with a grid and no markets."""

    version: Literal[1]
    venue: VenueSection
    grid: GridSection
    seed: Seed = _SCENARIOS.seed
    owner: Text = "risk"
