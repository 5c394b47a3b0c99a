"""YAML to a plain document that remembers where each value stood and how it was written.

Scalars follow the YAML 1.2 core schema (`1.2.2 section 10.3`), not YAML 1.1: ``2e9`` is a number,
``NO`` and ``1:30`` are text, and dates stay text. Duplicate keys, merge keys, self-references and
tags are faults; each is reported with its line, and reading goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from plimsoll.errors import Fault

Path = tuple[str | int, ...]
Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]

MAXIMUM_BYTES = 4_000_000
MAXIMUM_NODES = 200_000
MAXIMUM_DEPTH = 50
MAXIMUM_DIGITS = 300

_INT = re.compile(r"[-+]?[0-9][0-9_]*")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{f"{sign}.{word}": float(sign + "inf") for sign in ("", "+", "-") for word in ("inf", "Inf")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "seq", "map")
)
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A configuration as written.

    Parameters
    ----------
    value : dict, list, str, int, float, bool or None
        Plain values.
    lines : mapping of path to int
        1-based line of the key or list item at each path.
    texts : mapping of path to str
        Scalars as written, without quotes.
    """

    value: Value
    lines: Mapping[Path, int]
    texts: Mapping[Path, str]

    def line(self, path: Path) -> int | None:
        """Line of ``path``, or of the nearest part above it that stands in the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def get(self, *path: str | int) -> Value:
        """Value at ``path``; None where there is none."""
        here: Value = self.value
        for step in path:
            if isinstance(here, dict) and isinstance(step, str):
                here = here.get(step)
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
            else:
                return None
        return here


@dataclass(slots=True)
class _Reading:
    """What one reading has gathered so far."""

    lines: dict[Path, int] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    open_nodes: set[int] = field(default_factory=set)
    nodes: int = 0

    def fault(self, path: Path, node: yaml.Node, problem: str, found: str, remedy: str) -> None:
        self.faults.append(
            Fault(
                path=path_text(path),
                problem=problem,
                found=found,
                remedy=remedy,
                line=_line_of(node),
            )
        )


def read_document(content: bytes) -> tuple[Document, tuple[Fault, ...]]:
    """Read YAML bytes.

    Returns
    -------
    Document
        Empty where the text is no YAML at all.
    tuple of Fault
        What the text itself does wrong, all at once.
    """
    reading = _Reading()
    node = _compose(content, reading)
    value = None if node is None else _build(node, (), reading)
    return Document(value=value, lines=reading.lines, texts=reading.texts), tuple(reading.faults)


def path_text(path: Sequence[str | int]) -> str:
    """Print a path.

    >>> path_text(("markets", 3, "class"))
    'markets[3].class'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(file)"


def _compose(content: bytes, reading: _Reading) -> yaml.Node | None:
    line = None
    try:
        if len(content) <= MAXIMUM_BYTES:
            text = content.decode("utf-8-sig")
            _check_depth(text)
            root: yaml.Node | None = yaml.compose(text, _LOADER)
            return root
        problem, found = f"must be at most {MAXIMUM_BYTES:,} bytes", f"{len(content):,} bytes"
    except UnicodeDecodeError as error:
        problem, found = "must be UTF-8 text", f"byte {error.start} that is not"
        line = content[: error.start].count(b"\n") + 1
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problem, found = "must be YAML", _first_words(error)
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
    fault = Fault(
        path="(file)", problem=problem, found=found, line=line, remedy="compare `plimsoll init`"
    )
    reading.faults.append(fault)
    return None


def _check_depth(text: str) -> None:
    """Refuse deep nesting before nodes are made: making them is recursive, counting is not."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAXIMUM_DEPTH:
            raise ValueError(f"more than {MAXIMUM_DEPTH} levels of nesting")


def _first_words(error: BaseException) -> str:
    named = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return str(named).splitlines()[0][:120] if str(named) else type(error).__name__


def _build(node: yaml.Node, path: Path, reading: _Reading) -> Value:
    reading.lines.setdefault(path, _line_of(node))
    reading.nodes += 1
    if id(node) in reading.open_nodes or reading.nodes > MAXIMUM_NODES or len(path) > MAXIMUM_DEPTH:
        reading.fault(path, node, "must be finite", "an alias of itself", "write the values out")
        return None
    if not _is_clean(node, path, reading):
        return None
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, path, reading)
    reading.open_nodes.add(id(node))
    try:
        if isinstance(node, yaml.SequenceNode):
            return [_build(item, (*path, i), reading) for i, item in enumerate(node.value)]
        return dict(_members(node, path, reading))
    finally:
        reading.open_nodes.discard(id(node))


def _members(node: yaml.Node, path: Path, reading: _Reading) -> Iterator[tuple[str, Value]]:
    seen: dict[str, int] = {}
    for key, item in node.value:
        if not isinstance(key, yaml.ScalarNode):
            reading.fault(path, key, "keys must be plain text", "a list or mapping", "name it")
        elif key.value == "<<" and _is_plain(key):
            reading.fault((*path, "<<"), key, "merge keys are not read", "<<", "write the keys out")
        elif key.value in seen:
            where = (*path, key.value)
            reading.fault(
                where,
                key,
                "must be given once",
                f"again after line {seen[key.value]}",
                "delete one of the two",
            )
        elif _is_clean(key, path, reading):
            seen[key.value] = _line_of(key)
            reading.lines[(*path, key.value)] = _line_of(key)
            yield key.value, _build(item, (*path, key.value), reading)


def _scalar(node: yaml.ScalarNode, path: Path, reading: _Reading) -> Value:
    text: str = node.value
    reading.texts[path] = text if _is_plain(node) else f'"{text}"'
    if not _is_plain(node):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if sum(c.isdigit() for c in text) > MAXIMUM_DIGITS:
        reading.fault(path, node, "must be a shorter number", text[:20] + "…", "round it")
        return None
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _is_clean(node: yaml.Node, path: Path, reading: _Reading) -> bool:
    """Whether a node has no foreign tag and only text that can be written again."""
    if node.tag not in _TAGS:
        reading.fault(path, node, "tags are not read", ascii(node.tag)[:60], "delete the tag")
        return False
    if isinstance(node, yaml.ScalarNode) and not node.value.isascii():
        try:
            node.value.encode("utf-8")
        except UnicodeEncodeError:
            reading.fault(path, node, "must be valid Unicode", ascii(node.value)[:60], "retype it")
            return False
    return True


def _is_plain(node: yaml.ScalarNode) -> bool:
    """Whether a scalar is written without quotes or block; the two loaders say so differently."""
    return not node.style


def _line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
