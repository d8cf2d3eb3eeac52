"""The collection that every table belongs to, and the shape of a point."""

from geoalchemy2 import Geography
from sqlalchemy import MetaData

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def point_column_type() -> Geography:
    """A point on the WGS-84 ellipsoid (SRID 4326); its index is declared beside the table."""
    return Geography("POINT", srid=4326, spatial_index=False)
