"""Fills the table of districts, as a process of its own: `python -m` this module, with the database's URL on its input.

Reading the outlines keeps a processor, and Python's one lock, busy for seconds: not in the process that answers an SOS.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence

import psycopg
from sqlalchemy.engine import make_url

from dispatch.aeds.owners.outlines import Outline, outlines

# Few at a time, each a transaction, with room for others in between.
_AT_ONCE = 25
_PAUSE_S = 0.05

# Whoever answers and reports comes first.
_NICENESS = 10

_KEEP = """
insert into districts (code, parent_code, level, name, outline)
select code, parent_code, level, name, ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_GeomFromWKB(wkb, 4326)), 3))
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[]) as given(code, parent_code, level, name, wkb)
on conflict (code) do nothing
"""


def fill(connection: psycopg.Connection, told: Sequence[Outline], pause_s: float = _PAUSE_S) -> None:
    """Keep outlines; those that are there stay as they are. The connection commits each statement by itself.

    The provinces come last, and in one statement: that there is one says that everything is there.
    """
    for some in _chunks(told):
        connection.execute(
            _KEEP,
            [
                [each.code for each in some],
                [each.parent_code for each in some],
                [each.level for each in some],
                [each.name for each in some],
                [each.shape for each in some],
            ],
        )
        time.sleep(pause_s)


def _chunks(told: Sequence[Outline]) -> Iterator[list[Outline]]:
    below = [each for each in told if each.level != "province"]
    for begin in range(0, len(below), _AT_ONCE):
        yield below[begin : begin + _AT_ONCE]
    provinces = [each for each in told if each.level == "province"]
    if provinces:
        yield provinces


def main() -> None:
    """Fill the table of the database whose URL comes in."""
    os.nice(_NICENESS)
    url = make_url(sys.stdin.readline().strip()).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        fill(connection, outlines())


if __name__ == "__main__":
    main()
