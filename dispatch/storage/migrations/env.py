"""Alembic's entry: migrations run over a connection that `dispatch.storage.migrate` hands in."""

from alembic import context

from dispatch.storage.tables import METADATA

connection = context.config.attributes["connection"]
_PARTS = set(connection.exec_driver_sql("select relname from pg_class where relispartition").scalars())


def _is_ours(_object: object, name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
    # PostGIS keeps its own table of reference systems in the same schema; parts belong to their tables.
    return not (kind == "table" and (name == "spatial_ref_sys" or name in _PARTS))


context.configure(
    connection=connection,
    target_metadata=METADATA,
    compare_type=True,
    transactional_ddl=True,
    include_object=_is_ours,
)
with context.begin_transaction():
    context.run_migrations()
