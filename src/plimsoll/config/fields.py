"""Types of the venue file's values, each with its unit and bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from plimsoll.config.quantities import Measure

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME_FORM = "2024-10-01 or 2024-10-01T08:00Z (UTC)"


class Section(BaseModel):
    """A mapping of the venue file: immutable, strict, and closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=False
    )


def utc_time(value: object) -> object:
    """Read an ISO date or date-time; without an offset it is UTC."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a date")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date") from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a date") from None


def instant_ns(moment: datetime | None) -> int | None:
    """Return a UTC time as int64 ns, exactly; None stays None.

    >>> instant_ns(datetime(2022, 1, 1, tzinfo=UTC))
    1640995200000000000
    """
    return None if moment is None else exact_ns(moment)


def exact_ns(moment: datetime) -> int:
    """Return a UTC time as int64 ns, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


Share = Annotated[float, Field(ge=0.0, le=1.0), Measure.FRACTION]
SmallShare = Annotated[float, Field(ge=0.0, lt=0.1), Measure.FRACTION]
Level = Annotated[float, Field(gt=0.5, lt=1.0), Measure.FRACTION]
PositiveShare = Annotated[float, Field(gt=0.0, le=1.0), Measure.FRACTION]
TailShare = Annotated[float, Field(gt=0.0, le=0.5), Measure.FRACTION]
Rate = Annotated[Decimal, Field(gt=0, le=1), Measure.FRACTION]
Hours = Annotated[int, Field(ge=1, le=24 * 90), Measure.HOURS]
Days = Annotated[int, Field(ge=1, le=36_500), Measure.DAYS]
HalfLife = Annotated[float, Field(gt=0.0, le=36_500.0), Measure.DAYS]
Degrees = Annotated[float, Field(gt=2.0), Measure.NUMBER]
Usd = Annotated[float, Field(gt=0.0), Measure.USD]
UsdAmount = Annotated[Decimal, Field(gt=0), Measure.USD]
Leverage = Annotated[Decimal, Field(ge=1, le=1000), Measure.LEVERAGE]
Multiple = Annotated[float, Field(ge=0.0, le=100.0), Measure.NUMBER]
Count = Annotated[int, Field(ge=0, le=1_000_000), Measure.COUNT]
Seed = Annotated[int, Field(ge=0, le=2**53 - 1), Measure.COUNT]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PathText = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
UtcTime = Annotated[datetime, BeforeValidator(utc_time)]
