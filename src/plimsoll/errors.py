"""The tree of errors.

::

    PlimsollError
    ├── UsageError            a call, option or configuration is wrong     (exit code 2)
    │   ├── ConfigurationError    venue.yaml: all faults at once
    │   ├── ParameterError        a value outside its bounds or off its grid
    │   └── NameFormatError       an instrument name that cannot be parsed
    ├── DataError             data cannot be used                          (exit code 3)
    │   ├── DataFormatError       a file or frame is not what it should be
    │   └── InsufficientDataError too few observations for the estimate
    ├── EstimationError       a fit did not succeed or is outside its domain
    └── StorageError          something could not be written               (exit code 3)

Each message says what must hold, what was found, and what to do. Bad *data points* are not
errors but findings (`plimsoll.domain.finding`), and a market without a number carries a Reason.
"""

from __future__ import annotations

from dataclasses import dataclass


class PlimsollError(Exception):
    """Anything Plimsoll refuses, with fields a program can read.

    Parameters
    ----------
    must : str
        What must hold.
    found : object
        What was found instead.
    remedy : str
        What to do about it.
    field : str
        Name of the argument, column, key or file in question.
    row : int or None
        0-based row of the offending record, where there is one.
    """

    exit_code = 2

    def __init__(
        self,
        must: str,
        *,
        found: object = "",
        remedy: str = "",
        field: str = "",
        row: int | None = None,
    ) -> None:
        self.must, self.found, self.remedy, self.field, self.row = must, found, remedy, field, row
        where = f"{field}: " if field else ""
        at = f" (row {row})" if row is not None else ""
        nothing = isinstance(found, str) and found == ""
        got = "" if nothing else f", found {found!r}"
        fix = f"; {remedy}" if remedy else ""
        super().__init__(f"{where}{must}{got}{at}{fix}")


class UsageError(PlimsollError, ValueError):
    """Wrong use: a call, an option or a configuration."""


class ParameterError(UsageError):
    """A parameter lies outside its bounds or off its grid."""


class NameFormatError(UsageError):
    """An instrument name that does not follow the venue's form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a configuration: where, what was found, what to do."""

    path: str
    problem: str
    found: str
    remedy: str
    line: int | None = None


class ConfigurationError(UsageError):
    """A configuration with faults, all of them at once in ``faults``."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        self.source, self.faults = source, faults
        plural = "fault" if len(faults) == 1 else "faults"
        super().__init__(
            f"{source} must be a valid venue file, {len(faults)} {plural} found",
            remedy="; ".join(
                f"{f.path}: {f.problem} (found {f.found}): {f.remedy}" for f in faults
            ),
        )


class DataError(PlimsollError, ValueError):
    """Data that cannot be used."""

    exit_code = 3


class DataFormatError(DataError):
    """A file or frame is not in the form it should have."""


class InsufficientDataError(DataError):
    """Too few observations for what was asked."""


class EstimationError(PlimsollError, ArithmeticError):
    """A fit that did not succeed, or a formula outside its domain."""

    exit_code = 3


class StorageError(PlimsollError, OSError):
    """Something could not be written; what stood there before is untouched."""

    exit_code = 3

    def __str__(self) -> str:
        return str(self.args[0])
