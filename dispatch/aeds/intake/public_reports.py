"""What anybody may say about an AED, within limits: a word from the street is welcome, a flood of them is not."""

from datetime import timedelta

from sqlalchemy import text

from dispatch.aeds.intake.reports import PUBLIC_LOOK_BACK
from dispatch.aeds.repository import BY_PUBLIC, StoredReport
from dispatch.problems import InvalidField, TooMany
from dispatch.storage.database import Database

# The first one already has somebody look; the tenth of a day tells nothing new.
MOST_OF_ONE_AED_A_DAY = 10

_DAY = timedelta(days=1)

# By when they say it was, which the index knows; what the public says is never much older than when it comes.
_LATELY = text("""
select count(*), min(received_at) from aed_reports
where aed_id = :aed_id and at > :since - cast(:look_back as interval) and reported_by = :by and received_at > :since
  and id <> :id
""")


async def check(database: Database, report: StoredReport) -> None:
    """Refuse what is too old, or one more than a device may be given in a day. Raises `InvalidField`, `TooMany`."""
    now = report.received_at
    if report.at < now - PUBLIC_LOOK_BACK:
        raise InvalidField("at", "Without a token only what was seen within a day may be reported.")
    lately = {
        "aed_id": report.aed_id,
        "since": now - _DAY,
        "look_back": PUBLIC_LOOK_BACK,
        "by": BY_PUBLIC,
        "id": report.id,
    }
    async with database.statement() as connection:
        count, first = (await connection.execute(_LATELY, lately)).one()
    if count >= MOST_OF_ONE_AED_A_DAY:
        wait = max(1, round((first + _DAY - now).total_seconds()))
        raise TooMany("Enough people have reported this AED today; somebody will look at it.", retry_after_s=wait)
