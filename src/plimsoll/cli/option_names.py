"""Errors about an argument name the option that was typed, not the argument that it filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy

from plimsoll.errors import ConfigurationError, PlimsollError, UsageError


@contextmanager
def naming(*arguments: str, **options: str) -> Iterator[None]:
    """Rename the field of an error that is raised inside, where an option filled it.

    Parameters
    ----------
    *arguments : str
        Arguments of the journey whose options have their names: ``max_age`` is ``--max-age``.
        Bare names in errors about data are left as they are: those may be columns.
    **options : str
        Argument to option, whatever the error.

    Raises
    ------
    PlimsollError
        The same error with another field.
    """
    named = {name: f"--{name.replace('_', '-')}" for name in arguments}
    try:
        yield
    except ConfigurationError:
        raise
    except PlimsollError as error:
        field = _as_typed(error, named, options)
        if field == error.field:
            raise
        raise _with_field(error, field) from error


def _as_typed(error: PlimsollError, named: Mapping[str, str], always: Mapping[str, str]) -> str:
    """The field with the option in place of the argument: ``contract_size of X`` too, no path."""
    argument, rest = re.fullmatch(r"([\w-]*)(.*)", error.field, re.DOTALL).groups()  # type: ignore[union-attr]
    if rest.startswith(("/", "\\")):
        return error.field
    name = argument.replace("-", "_")
    usable = {**always, **named} if isinstance(error, UsageError) or rest else always
    return usable[name] + rest if name in usable else error.field


def _with_field(error: PlimsollError, field: str) -> PlimsollError:
    """The error once more, of the same class and with all that it carries, under another field."""
    renamed = copy(error)
    PlimsollError.__init__(
        renamed, error.must, found=error.found, remedy=error.remedy, field=field, row=error.row
    )
    return renamed
