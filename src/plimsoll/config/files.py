"""Files that a venue file names: which they are, and whether they can be read."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from plimsoll.config.document import Document
from plimsoll.config.document import Path as KeyPath
from plimsoll.config.explain import nearest
from plimsoll.config.rules import fault_at
from plimsoll.errors import Fault

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SYMBOL = "{symbol}"
_PLACES: tuple[KeyPath, ...] = (
    ("data", "prices", "path"),
    ("data", "funding", "path"),
    ("evidence", "incumbent", "path"),
    ("structure", "expiry_prices", "path"),
)


def places(document: Document) -> tuple[KeyPath, ...]:
    """Keys under which a venue file names files; of a grid there may be many."""
    spot = document.get("grid", "spot")
    count = len(spot) if isinstance(spot, list) else 0
    return (
        *_PLACES,
        ("grid", "chains", "path"),
        *(("grid", "spot", index, "path") for index in range(count)),
        ("grid", "volatility_index", "path"),
        ("add_ons", "basis", "path"),
        ("fees", "funding_clamp", "rates", "path"),
        ("collateral", "borrowing", "withdrawals", "path"),
    )


def unset_variables(text: str, variables: Mapping[str, str]) -> list[str]:
    """Names in ``${NAME}`` that have no value."""
    return [name for name in _VARIABLE.findall(text) if not variables.get(name)]


def resolve(text: str, directory: Path, variables: Mapping[str, str]) -> Path:
    """Fill in ``${NAME}`` and ``~``; relative paths start at the venue file's directory."""
    filled = _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)
    return directory / Path(filled).expanduser()


def unused_faults(document: Document, given: Mapping[str, str]) -> Iterator[Fault]:
    """Yield a fault for each value that was given for a ``${NAME}`` no path has."""
    texts = [document.get(*place) for place in places(document)]
    used = {name for text in texts if isinstance(text, str) for name in _VARIABLE.findall(text)}
    for name in given:
        if name not in used:
            yield Fault(
                path="(variables)",
                problem=f"{name} must be in a path of the venue file, as ${{{name}}}",
                found=given[name],
                remedy="leave it out (--data sets PLIMSOLL_DATA), or write it into the path",
            )


def file_faults(
    document: Document, directory: Path, variables: Mapping[str, str], *, each_market: bool = True
) -> Iterator[Fault]:
    """Yield a fault for each file named that is not there, or is none.

    Without ``each_market``, files of single markets (``{symbol}``) are not looked for: one that
    cannot be read costs that market its number, and no more.
    """
    for place in places(document):
        text = document.get(*place)
        if not isinstance(text, str) or not text:
            continue
        unset = unset_variables(text, variables)
        if unset:
            names = ", ".join(unset)
            remedy = f"export {unset[0]}=/where/the/data/lie, or write the path out"
            yield fault_at(
                document, place, f"needs the environment variable {names}, which is unset", remedy
            )
            continue
        each = [path for _, path in market_paths(text, document, directory, variables)]
        if each and not each_market:
            continue
        for path in each or [resolve(text, directory, variables)]:
            problem = _problem(path)
            if problem:
                yield fault_at(document, place, *problem, f"{text} ({path})")


def market_paths(
    text: str, document: Document, directory: Path, variables: Mapping[str, str]
) -> list[tuple[int, Path]]:
    """Index and file of each market, where the path has one for each; else nothing."""
    markets = document.get("markets")
    found: list[tuple[int, Path]] = []
    for index in range(len(markets) if SYMBOL in text and isinstance(markets, list) else 0):
        symbol = document.get("markets", index, "symbol")
        if isinstance(symbol, str) and symbol:
            filled = text.replace(SYMBOL, symbol)
            found.append((index, resolve(filled, directory, variables)))
    return found


def _problem(path: Path) -> tuple[str, str] | None:
    """What is wrong with ``path`` and what to do; None where it is a readable file."""
    if "\0" in str(path):
        return "must be a path that can be opened", "delete the NUL character"
    try:
        if glob.has_magic(str(path)) and not path.exists():
            matches = glob.iglob(str(path), recursive=True)
            found = any(os.path.isfile(match) for match in matches)
            return None if found else ("must match at least one file", "mend the pattern")
        if path.is_dir():
            return "must be a file, not a directory", "name the file in it"
        if not path.exists():
            return "must exist", _missing_remedy(path)
        if not os.access(path, os.R_OK):
            return "must be readable", "mend its permissions"
        if path.stat().st_size == 0:
            return "must not be empty", "fetch it again"
    except (OSError, ValueError) as error:
        return "must be a path that can be opened", f"mend it ({type(error).__name__})"
    return None


def _missing_remedy(path: Path) -> str:
    folder = next((p for p in path.parents if p.is_dir()), None)
    if folder is None or folder != path.parent:
        return f"mend the path: {folder} is the last folder that exists"
    try:
        near = nearest(path.name, [entry.name for entry in folder.iterdir()])
    except OSError:
        near = None
    return f"did you mean {near}?" if near else "mend the path, or run `plimsoll fetch`"
