"""Venues' own schemas of margin parameters, read into parameter sets and written from them."""

from plimsoll.adapters.tier_tables.carried import Carried, carried_from_document, carried_keys
from plimsoll.adapters.tier_tables.catalogue import SCHEMAS, schema_named, schema_of
from plimsoll.adapters.tier_tables.exchange import (
    Exported,
    Imported,
    document_of,
    equal_documents,
    export_set,
    import_file,
)
from plimsoll.adapters.tier_tables.faults import FaultLog, SchemaFault, VenueSchemaError
from plimsoll.adapters.tier_tables.json_document import written
from plimsoll.adapters.tier_tables.losses import Loss, LossyExportError
from plimsoll.adapters.tier_tables.schema import ReadOptions, VenueSchema
from plimsoll.adapters.tier_tables.tier_parameters import tier_tables
from plimsoll.adapters.tier_tables.tier_rows import MarketTiers

__all__ = [
    "SCHEMAS",
    "Carried",
    "Exported",
    "FaultLog",
    "Imported",
    "Loss",
    "LossyExportError",
    "MarketTiers",
    "ReadOptions",
    "SchemaFault",
    "VenueSchema",
    "VenueSchemaError",
    "carried_from_document",
    "carried_keys",
    "document_of",
    "equal_documents",
    "export_set",
    "import_file",
    "schema_named",
    "schema_of",
    "tier_tables",
    "written",
]
