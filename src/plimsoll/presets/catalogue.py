"""The presets that come with the package, and how a preset's file is read."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources

from plimsoll.errors import UsageError
from plimsoll.presets.models import MODELS
from plimsoll.presets.preset import Accuracy, Assumption, Preset, Source
from plimsoll.presets.reading import Node, parsed

SCHEMA = "plimsoll.preset"
SCHEMA_VERSION = "1"
_SUFFIX = ".yaml"
_HEAD = (
    "schema",
    "schema_version",
    "name",
    "title",
    "venue",
    "market_names",
    "model",
    "accuracy",
    "accuracy_about",
    "sources",
    "assumed",
    "parameters",
)


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets, in alphabetical order."""
    files = (resources.files("plimsoll.presets") / "data").iterdir()
    return tuple(sorted(f.name.removesuffix(_SUFFIX) for f in files if f.name.endswith(_SUFFIX)))


@cache
def load(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    UsageError
        There is none of that name.
    DataFormatError
        Its file is not what it should be, with file and path.
    """
    if name not in names():
        near = difflib.get_close_matches(str(name), names(), n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            "must be the name of a preset",
            found=name,
            field="preset",
            remedy=f"{meant}The presets are {', '.join(names())}",
        )
    file = resources.files("plimsoll.presets") / "data" / f"{name}{_SUFFIX}"
    preset = read_preset(file.read_text("utf-8"), f"{name}{_SUFFIX}")
    if preset.name != name:
        raise UsageError("must be named like its file", found=preset.name, field=file.name)
    return preset


def read_preset(text: str, source: str) -> Preset:
    """Read a preset from the text of its file.

    Parameters
    ----------
    text : str
        YAML (or JSON).
    source : str
        Name of the file, for messages.

    Raises
    ------
    DataFormatError
        Unknown or missing keys, wrong units, values out of bounds.
    """
    node = parsed(text, source).mapping(_HEAD, ("options",))
    _check_schema(node)
    kind = node.under("model").text()
    if kind not in MODELS:
        node.under("model").refuse("must be a model", remedy=f"one of {', '.join(MODELS)}")
    options = node.under("options") if "options" in node.value else _none(source)
    form = MODELS[kind](node.under("parameters").mapping(optional=None), options)
    return Preset(
        name=node.under("name").text(),
        title=node.under("title").text(),
        kind=kind,
        venue=node.under("venue").text(),
        market_names=node.under("market_names").text(),
        scope=form.scope,
        cash=form.cash,
        linear_only=form.linear_only,
        accuracy=_accuracy(node.under("accuracy")),
        accuracy_about=node.under("accuracy_about").text(),
        sources=tuple(_source(row) for row in node.under("sources").rows()),
        assumed=tuple(_assumption(row) for row in node.under("assumed").rows()),
        parameters=form.parameters,
        build=form.build,
    )


def _check_schema(node: Node) -> None:
    for key, value in (("schema", SCHEMA), ("schema_version", SCHEMA_VERSION)):
        if str(node.value[key]) != value:
            node.under(key).refuse(f"must be {value}", remedy="this version reads no other")


def _none(source: str) -> Node:
    return Node(source=source, path="options", value={})


def _accuracy(node: Node) -> Accuracy:
    if node.value not in tuple(Accuracy):
        node.refuse(f"must be one of {', '.join(Accuracy)}")
    return Accuracy(node.value)


def _source(node: Node) -> Source:
    node.mapping(("title", "date"))
    return Source(title=node.under("title").text(), date=node.under("date").text())


def _assumption(node: Node) -> Assumption:
    node.mapping(("what", "why"))
    return Assumption(what=node.under("what").text(), why=node.under("why").text())
