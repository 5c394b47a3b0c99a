"""The tier model: linear, inverse and quanto contracts, each margined by its size."""

from plimsoll.margin.tiered.model import InitialRule, MaintenanceRule, PreparedTiered, TieredMargin

__all__ = ["InitialRule", "MaintenanceRule", "PreparedTiered", "TieredMargin"]
