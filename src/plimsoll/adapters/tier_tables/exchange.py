"""Venue files into parameter sets and back: the two verbs, on text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from plimsoll.adapters.tier_tables.carried import Carried, applied, difference, foreign
from plimsoll.adapters.tier_tables.catalogue import looks_like, schema_of
from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.json_document import Json, parsed, same
from plimsoll.adapters.tier_tables.losses import Loss, LossLog, LossyExportError
from plimsoll.adapters.tier_tables.schema import ReadOptions, VenueSchema
from plimsoll.domain.parameters import ParameterSet, parameter_set
from plimsoll.errors import DataFormatError, ParameterError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A set, and what its file holds beside."""

    parameters: ParameterSet
    carried: Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A document, and what was dropped on the way."""

    document: Json
    losses: tuple[Loss, ...]


def document_of(content: bytes, source: str, log: FaultLog) -> Json:
    """Return the JSON of a file, numbers as decimals.

    Raises
    ------
    DataFormatError
        Where it is not JSON.
    """
    try:
        return parsed(content.decode("utf-8-sig"), log)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise DataFormatError("must be JSON", found=str(error), field=source) from None


def import_file(
    content: bytes,
    schema: VenueSchema,
    *,
    source: str,
    valid_from: str,
    code_version: str,
    options: ReadOptions,
) -> Imported:
    """Return the parameter set that a venue's file says.

    Raises
    ------
    VenueSchemaError
        With every fault of the file.
    DataFormatError
        Where it is not JSON.
    """
    try:
        return _imported(
            content,
            schema,
            source=source,
            valid_from=valid_from,
            code_version=code_version,
            options=options,
        )
    except RecursionError:
        raise DataFormatError("must not be nested so deeply", field=source) from None


def _imported(
    content: bytes,
    schema: VenueSchema,
    *,
    source: str,
    valid_from: str,
    code_version: str,
    options: ReadOptions,
) -> Imported:
    log = FaultLog()
    document = document_of(content, source, log)
    _check_schema(document, schema, source)
    reading = schema.read(document, log, options)
    if not reading.parameters and not log.faults:
        log.add(Place(), "document", document, "must hold a market", "see docs/venue-schemas.md")
    log.check(source, schema.name)
    try:
        parameters = parameter_set(
            venue=schema.name,
            valid_from=valid_from,
            parameters=reading.parameters,
            seed=0,
            data_digest=sha256(content).hexdigest(),
            problem_digest=sha256(schema.name.encode()).hexdigest(),
            code_version=code_version,
            label=f"venue file {source}, schema {schema.name}",
        )
    except ParameterError as error:
        log.add(Place(), error.field, error.found, error.must, "correct the file")
        log.check(source, schema.name)
        raise
    plain = schema.write(parameters, reading.layout, LossLog())
    for path in foreign(plain, document, schema.kept):
        log.add(Place(), path, "", "would not come back as it is", "report it as a defect")
    log.check(source, schema.name)
    return Imported(
        parameters=parameters,
        carried=Carried(
            venue_schema=schema.name,
            set_id=parameters.id,
            layout=reading.layout,
            difference=difference(plain, document),
        ),
    )


def _check_schema(document: Json, schema: VenueSchema, source: str) -> None:
    """Refuse once what is plainly another schema's file, rather than fault every key of it."""
    other = None if looks_like(schema, document) else schema_of(document)
    if other is not None:
        log = FaultLog()
        log.add(
            Place(),
            "document",
            document,
            f"these look like keys of schema {other.name}, not of {schema.name}",
            f"read it with --from {other.name}",
        )
        log.check(source, schema.name)


def export_set(
    parameters: ParameterSet,
    schema: VenueSchema,
    *,
    carried: Carried | None = None,
    markets: Collection[str] = (),
    lossy: bool = False,
) -> Exported:
    """Return a set in a venue's schema.

    Parameters
    ----------
    carried : Carried or None
        What the set's own file held beside; with it the document is that file again.
    markets : collection of str
        Only these; all where there are none.
    lossy : bool
        Whether to drop what the schema cannot carry; each is named in ``losses``.

    Raises
    ------
    LossyExportError
        Where something would be dropped; with ``lossy`` only where nothing would be left.
    UsageError
        For a market the set lacks, and carried matter of another set.
    """
    unknown = sorted(set(markets) - set(parameters.markets))
    if unknown:
        known = ", ".join(parameters.markets)
        raise UsageError(
            "must be a market of the set",
            found=unknown[0],
            field="market",
            remedy=f"choose from {known}",
        )
    if carried is not None and carried.venue_schema == schema.name:
        return _as_it_was(parameters, schema, carried, markets)
    losses = LossLog()
    chosen = _narrowed(parameters, markets)
    document = schema.write(chosen, None, losses)
    nothing_left = len({(one.market, one.name) for one in losses.losses}) >= len(chosen.parameters)
    if losses.losses and (nothing_left or not lossy):
        raise LossyExportError(schema.name, tuple(losses.losses))
    return Exported(document=document, losses=tuple(losses.losses))


def _as_it_was(
    parameters: ParameterSet, schema: VenueSchema, carried: Carried, markets: Collection[str]
) -> Exported:
    if carried.set_id != parameters.id:
        raise UsageError(
            f"must belong to this set, {parameters.id[:12]}",
            found=carried.set_id[:12],
            field="carried",
            remedy="remove the .carried.json beside it to write the set alone",
        )
    plain = schema.write(parameters, carried.layout, LossLog())
    whole = applied(plain, carried.difference)
    return Exported(document=schema.only(whole, markets) if markets else whole, losses=())


def _narrowed(parameters: ParameterSet, markets: Collection[str]) -> ParameterSet:
    if not markets:
        return parameters
    return parameter_set(
        venue=parameters.venue,
        valid_from=parameters.valid_from,
        parameters=tuple(p for p in parameters if p.market in markets),
        seed=parameters.seed,
        data_digest=parameters.data_digest,
        problem_digest=parameters.problem_digest,
        code_version=parameters.code_version,
        label=parameters.label,
        parent=parameters.id,
    )


def equal_documents(left: Json, right: Json) -> bool:
    """Whether two documents are one up to the order of keys and the spelling of numbers."""
    return same(left, right)
