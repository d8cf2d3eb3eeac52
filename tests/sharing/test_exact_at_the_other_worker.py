"""Who is nearest is known exactly at a worker that only heard where people are, or read it in Redis."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders.responder import Engagement, Fix, Responder
from dispatch.responders.roster import Roster
from dispatch.sharing.envelope import Envelope, read_envelope
from dispatch.sharing.live_positions import LivePositions, fixes_of, row_of
from dispatch.storage.redis_address import RedisClient, read_redis_url
from dispatch.storage.tables import responders
from geo.fixes import FixAging
from geo.place import Place
from tests.geo.odd_places import ANCHORS, HANGZHOU, moved
from tests.geo.plain_points import PlainPoints
from tests.people import until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers

NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
CROWD = 1_500
FREE = 1


def _people(count: int) -> list[Responder]:
    return [
        Responder(
            responder_id=ResponderId(f"r{number:04}"),
            name="救护员",
            phone=None,
            certificate_number="ZJ",
            certificate_expires_on=date(2030, 1, 1),
            mode=TravelMode.WALK,
            language="zh",
            on_duty=True,
            created_at=NOW,
        )
        for number in range(count)
    ]


class TwoRosters:
    """The roster of a worker that people are connected to, that of another, and all of them plainly."""

    def __init__(self, dice: random.Random, count: int) -> None:
        self.dice = dice
        self.here, self.there = (Roster(ZoneInfo("Asia/Shanghai")) for _ in range(2))
        for each in (self.here, self.there):
            each.fill(_people(count))
        self.here.tell_others()
        self.anchors = dice.sample(ANCHORS, dice.choice([1, 2, 5]))
        self.scale_m = 10 ** dice.uniform(-1, 7)
        self.count = count

    def somewhere(self) -> Place:
        """A place near one of this world's anchors, often exactly there."""
        near = self.dice.choice(self.anchors)
        if self.dice.random() < 0.1:
            return near
        return moved(near, abs(self.dice.gauss(0, self.scale_m)), self.dice.uniform(0, 2 * math.pi))

    def move(self) -> None:
        """Most people move; some of them several times, some with an older fix than is known."""
        for _ in range(self.count):
            number = self.dice.randrange(self.count)
            at = NOW - timedelta(seconds=self.dice.choice([0, 0, 5, 300, 700]))
            accuracy_m = self.dice.choice([None, 0.0, 12.5, self.scale_m])
            self.here.move(ResponderId(f"r{number:04}"), Fix(self.somewhere(), at, accuracy_m))

    def change_duty_and_engagements(self) -> None:
        """As the other worker follows it: by profiles and by decisions."""
        for number in self.dice.sample(range(self.count), self.count // 10):
            responder_id = ResponderId(f"r{number:04}")
            known = self.here.get(responder_id)
            assert known is not None
            changed = Responder(
                **{name: getattr(known, name) for name in known.__slots__ if name != "on_duty"},
                on_duty=not known.on_duty,
            )
            self.here.put(changed)
            self.here.mark_untold([responder_id])
            self.there.follow(changed)
        for number in self.dice.sample(range(self.count), self.count // 10):
            bound = Engagement("incident", f"alert-{number}", accepted=False)  # type: ignore[arg-type]
            self.there.engage(ResponderId(f"r{number:04}"), bound)

    def told(self) -> None:
        """The feed: everything that has not been told, as it goes over the wire."""
        while moved_here := self.here.take_untold(100):
            rows = [row for each in moved_here if (row := row_of(each)) is not None]
            news = read_envelope(Envelope("worker", fixes=rows).to_bytes())
            self.there.follow_fixes(fixes_of(news.fixes, now=NOW))

    def plainly(self) -> PlainPoints[ResponderId]:
        """Everybody as the first worker knows them, and bound as the other does."""
        plain: PlainPoints[ResponderId] = PlainPoints()
        for each in self.here.on_duty():
            assert each.fix is not None
            plain.put(
                each.responder_id,
                each.fix.place,
                accuracy_m=50.0 if each.fix.accuracy_m is None else each.fix.accuracy_m,
                fixed_at_s=each.fix.at.timestamp(),
                marks=0 if self.there.engagement_of(each.responder_id) else FREE,
            )
        return plain

    def question(self) -> dict[str, object]:
        """As an SOS asks, and otherwise."""
        dice = self.dice
        question: dict[str, object] = {"k": dice.choice([1, 5, 20, 100, 1000])}
        if dice.random() < 0.5:
            question["within_m"] = self.scale_m * 10 ** dice.uniform(-2, 1)
        if dice.random() < 0.5:
            question["all_of"] = FREE
        if dice.random() < 0.5:
            question["aging"] = FixAging(NOW.timestamp(), dice.choice([120.0, 600.0]), 1.4)
        return question


def test_the_other_worker_answers_as_a_full_comparison_does() -> None:
    seed = random.SystemRandom().randrange(10**9)
    for number in range(40):
        world = TwoRosters(random.Random(f"{seed} {number}"), 200)
        for _ in range(3):
            world.move()
            world.change_duty_and_engagements()
            world.told()
            plain = world.plainly()
            for _ in range(15):
                place, question = world.somewhere(), world.question()
                answer = world.there._on_duty.nearest(place, **question)  # type: ignore[arg-type]
                assert answer == plain.nearest(place, **question), f"seed {seed}, world {number}"  # type: ignore[arg-type]


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[RedisClient]:
    """A client of an empty Redis."""
    client = read_redis_url(redis_server.url).client(within_s=5)
    yield client
    await client.aclose()


async def test_a_worker_that_joins_reads_everybody_exactly_as_they_are(redis: RedisClient) -> None:
    dice = random.Random(3)
    world = TwoRosters(dice, CROWD)
    world.anchors, world.scale_m = [HANGZHOU, *dice.sample(ANCHORS, 6)], 3000.0
    positions = LivePositions(redis)
    for _ in range(3):
        world.move()
        while some := world.here.take_untold(400):
            await positions.write(some)
    reads = 0
    async for rows in LivePositions(redis).read_all():
        reads += 1
        assert len(rows) <= 500
        world.there.follow_fixes(fixes_of(rows, now=NOW))
    assert reads > CROWD / 500
    plain = world.plainly()
    assert plain.points.keys() == {each.responder_id for each in world.there.on_duty()}
    for _ in range(50):
        place = world.somewhere()
        assert world.there._on_duty.nearest(place, 20) == plain.nearest(place, 20)


async def test_positions_told_at_one_running_worker_are_exact_at_the_other(workers: Workers) -> None:
    dice = random.Random(8)
    one, other = workers.each
    people = _people(120)
    async with one.service.database.transaction() as connection:
        rows = [
            {name: getattr(each, name) for name in each.__slots__ if name not in {"responder_id", "fix", "mode"}}
            | {"id": each.responder_id, "mode": each.mode.value}
            for each in people
        ]
        await connection.execute(sqlalchemy.insert(responders), rows)
    for each in people:
        await one.service.responders.found(each.responder_id)
    for _ in range(5):
        for each in dice.sample(people, 60):
            place = moved(dice.choice([HANGZHOU, Place(0.0, 180.0)]), dice.expovariate(1 / 2000), dice.uniform(0, 7))
            one.service.responders.move(each.responder_id, place, accuracy_m=5.0, at=None)

        async def same() -> bool:
            await asyncio.sleep(0)
            here, there = ({p.responder_id: p.fix for p in worker.service.roster.on_duty()} for worker in (one, other))
            return here == there

        await until(same)
        plain: PlainPoints[ResponderId] = PlainPoints()
        for known in one.service.roster.on_duty():
            assert known.fix is not None
            plain.put(known.responder_id, known.fix.place, accuracy_m=5.0, fixed_at_s=known.fix.at.timestamp())
        for _ in range(20):
            asked = moved(HANGZHOU, dice.expovariate(1 / 2000), dice.uniform(0, 7))
            assert other.service.roster._on_duty.nearest(asked, 20) == plain.nearest(asked, 20)
        workers.clock.move(seconds=1)
