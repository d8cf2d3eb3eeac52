"""The office over a real PostGIS."""

from tests.aeds.work_orders.office import office

__all__ = ["office"]
