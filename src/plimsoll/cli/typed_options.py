"""Errors that name an option as the user typed it, not as the function calls its argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from plimsoll.errors import ConfigurationError, PlimsollError


@contextmanager
def typed_options(options: Mapping[str, str]) -> Iterator[None]:
    """Raise what the body raises, its field replaced by the option it came from.

    Parameters
    ----------
    options : mapping of str to str
        Option by argument, such as ``{"as_of": "--as-of"}``.

    Examples
    --------
    >>> from plimsoll.errors import UsageError
    >>> try:
    ...     with typed_options({"as_of": "--as-of"}):
    ...         raise UsageError("must be a date", found="soon", field="as_of")
    ... except UsageError as error:
    ...     print(error)
    --as-of: must be a date, found 'soon'
    """
    try:
        yield
    except ConfigurationError:
        raise
    except PlimsollError as error:
        option = options.get(error.field)
        if option is None:
            raise
        raise type(error)(
            error.must, found=error.found, remedy=error.remedy, field=option, row=error.row
        ) from error
