"""Webhooks in PostgreSQL: what each wants, how far it is, and which worker posts to it at the moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.centres.feed_rows import Choice
from dispatch.centres.vocabulary import Drills, EventType, Format, WebhookState
from geo.datum import Datum

# A worker that posts says so again every few seconds; one that is dead, or hangs, is taken over from after this.
LEASE_S = 20
# A pause longer than any was made under a clock that has gone back since.
_LONGEST_PAUSE = "interval '1 hour'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a webhook stands after some attempts."""

    state: WebhookState
    cursor: int
    ahead: Collection[int]
    failures: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    last_error: str | None
    last_taken_at: datetime | None
    refused: int
    last_refused_cursor: int | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One address that is told, and how it stands. `generation` changes when it is to begin elsewhere."""

    id: UUID
    centre: str | None
    url: str
    secret: str
    former_secret: str | None
    former_until: datetime | None
    types: tuple[EventType, ...]
    districts: tuple[str, ...]
    drills: Drills
    format: Format
    datum: Datum
    state: WebhookState
    cursor: int
    ahead: tuple[int, ...]
    failures: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    last_error: str | None
    last_taken_at: datetime | None
    refused: int
    last_refused_cursor: int | None
    disabled_at: datetime | None
    generation: int
    created_at: datetime
    updated_at: datetime

    @property
    def choice(self) -> Choice:
        """Which lines of the feed it is told."""
        return Choice(self.centre, [each.value for each in self.types], self.districts, self.drills)

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return Standing(**{name: getattr(self, name) for name in _OF_STANDING})

    def standing_so(self, standing: Standing) -> "Webhook":
        """The same webhook, standing otherwise."""
        changed = {name: getattr(standing, name) for name in _OF_STANDING}
        return replace(self, **{**changed, "ahead": tuple(standing.ahead)})

    def secrets_at(self, now: datetime) -> list[str]:
        """What its messages are signed with: the secret, and for a while the one before."""
        is_former_good = self.former_secret is not None and self.former_until is not None and now < self.former_until
        return [self.secret, *([self.former_secret] if self.former_secret is not None and is_former_good else [])]


_OF_STANDING = tuple(each.name for each in fields(Standing))


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Write a new webhook; `values` has every column that has no default."""
    columns = ", ".join(values)
    bound = ", ".join(f":{name}" for name in values)
    await connection.execute(text(f"insert into centre_webhooks ({columns}) values ({bound})"), dict(values))  # noqa: S608 - our own columns


async def all_webhooks(connection: AsyncConnection) -> list[Webhook]:
    """Every webhook, the oldest first."""
    rows = await connection.execute(text("select * from centre_webhooks order by created_at, id"))
    return [_webhook(row) for row in rows]


async def one(connection: AsyncConnection, webhook_id: UUID, *, to_change: bool = False) -> Webhook | None:
    """That webhook, if there is one; held until the transaction's end when it is to be changed."""
    held = " for update" if to_change else ""
    rows = await connection.execute(text(f"select * from centre_webhooks where id = :id{held}"), {"id": webhook_id})  # noqa: S608 - constants
    row = rows.first()
    return None if row is None else _webhook(row)


async def change(connection: AsyncConnection, webhook_id: UUID, values: Mapping[str, Any]) -> None:
    """Change some columns, and have whoever posts to it at the moment begin anew with them."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    await connection.execute(
        text(
            f"update centre_webhooks set {changes}, generation = generation + 1, leased_by = null, leased_until = null"  # noqa: S608 - our own columns
            " where id = :webhook_id"
        ),
        {**values, "webhook_id": webhook_id},
    )


async def remove(connection: AsyncConnection, webhook_id: UUID) -> bool:
    """Forget a webhook; whether there was one."""
    result = await connection.execute(
        text("delete from centre_webhooks where id = :id returning id"), {"id": webhook_id}
    )
    return result.first() is not None


async def take(connection: AsyncConnection, *, worker: UUID, now: datetime, most: int) -> list[Webhook]:
    """Webhooks that are behind the feed's end and may be posted to now, taken for this worker and for nobody else."""
    rows = await connection.execute(
        text(f"""
update centre_webhooks set leased_by = :worker, leased_until = clock_timestamp() + :lease_s * interval '1 second'
where id in (
    select id from centre_webhooks
    where state = 'active' and cursor < (select last_cursor from centre_feed)
      and (next_attempt_at is null or next_attempt_at <= :now or next_attempt_at > :now + {_LONGEST_PAUSE})
      and (leased_until is null or leased_until < clock_timestamp())
    order by next_attempt_at nulls first, id limit :most
    for update skip locked
)
returning *
"""),  # noqa: S608 - constants
        {"worker": worker, "now": now, "most": most, "lease_s": LEASE_S},
    )
    return [_webhook(row) for row in rows]


async def settle(
    connection: AsyncConnection, webhook: Webhook, standing: Standing, *, worker: UUID, keeps: bool
) -> bool:
    """Write down how it stands; `keeps`: this worker goes on with it. False when it is no longer this worker's."""
    result = await connection.execute(
        text("""
update centre_webhooks
set state = :state, cursor = :cursor, ahead = cast(:ahead as bigint[]), failures = :failures,
    failing_since = :failing_since, next_attempt_at = :next_attempt_at, last_error = :last_error,
    last_taken_at = :last_taken_at, refused = :refused, last_refused_cursor = :last_refused_cursor,
    disabled_at = :disabled_at,
    leased_by = case when :keeps then leased_by end,
    leased_until = case when :keeps then clock_timestamp() + :lease_s * interval '1 second' end
where id = :id and leased_by = :worker and generation = :generation
returning id
"""),
        {
            "id": webhook.id,
            "worker": worker,
            "generation": webhook.generation,
            "keeps": keeps,
            "lease_s": LEASE_S,
            "state": standing.state.value,
            "cursor": standing.cursor,
            "ahead": sorted(standing.ahead),
            "failures": standing.failures,
            "failing_since": standing.failing_since,
            "next_attempt_at": standing.next_attempt_at,
            "last_error": standing.last_error,
            "last_taken_at": standing.last_taken_at,
            "refused": standing.refused,
            "last_refused_cursor": standing.last_refused_cursor,
            "disabled_at": standing.disabled_at,
        },
    )
    return result.first() is not None


async def release(connection: AsyncConnection, webhook_ids: Sequence[UUID], *, worker: UUID) -> None:
    """Let go of webhooks, for another worker to go on with."""
    await connection.execute(
        text(
            "update centre_webhooks set leased_by = null, leased_until = null"
            " where id = any(cast(:ids as uuid[])) and leased_by = :worker"
        ),
        {"ids": list(webhook_ids), "worker": worker},
    )


@dataclass(frozen=True, slots=True)
class Health:
    """How all webhooks stand: how many are told, fail, were given up, and how far the last one is behind."""

    active: int
    failing: int
    disabled: int
    behind: int


async def health(connection: AsyncConnection) -> Health:
    """How all webhooks stand."""
    row = (
        await connection.execute(
            text(
                "select count(*) filter (where state = 'active') as active,"
                " count(*) filter (where state = 'active' and failures > 0) as failing,"
                " count(*) filter (where state = 'disabled') as disabled,"
                " coalesce(max((select last_cursor from centre_feed) - cursor) filter (where state = 'active'), 0)"
                " as behind from centre_webhooks"
            )
        )
    ).one()
    return Health(row.active, row.failing, row.disabled, row.behind)


async def feed_end(connection: AsyncConnection) -> int:
    """The newest cursor of the feed; 0 before the first."""
    found = await connection.execute(text("select coalesce(max(last_cursor), 0) from centre_feed"))
    return int(found.scalar_one())


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=row.id,
        centre=row.centre,
        url=row.url,
        secret=row.secret,
        former_secret=row.former_secret,
        former_until=_utc(row.former_until),
        types=tuple(EventType(each) for each in row.types),
        districts=tuple(row.districts),
        drills=Drills(row.drills),
        format=Format(row.format),
        datum=Datum(row.datum),
        state=WebhookState(row.state),
        cursor=row.cursor,
        ahead=tuple(row.ahead),
        failures=row.failures,
        failing_since=_utc(row.failing_since),
        next_attempt_at=_utc(row.next_attempt_at),
        last_error=row.last_error,
        last_taken_at=_utc(row.last_taken_at),
        refused=row.refused,
        last_refused_cursor=row.last_refused_cursor,
        disabled_at=_utc(row.disabled_at),
        generation=row.generation,
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
