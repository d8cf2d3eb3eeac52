"""Reports over MQTT 5 from a real Mosquitto: nothing is lost while the service, the broker or the database is away."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.aeds.intake import mqtt
from dispatch.aeds.intake.mqtt import MqttIntake
from dispatch.aeds.record import Readiness
from tests import people
from tests.aeds.conftest import Registry
from tests.aeds.intake.broker import Broker, Device, running_broker
from tests.aeds.settling.test_settling import asked, hung

pytest.importorskip("paho.mqtt.client", reason="the extra `mqtt` is not installed")


@pytest.fixture
def broker() -> Iterator[Broker]:
    # Its own user has to get through to its folder, which pytest's own folders do not let it.
    with tempfile.TemporaryDirectory(prefix="dispatch-mqtt-") as folder, running_broker(Path(folder)) as running:
        yield running


@pytest.fixture
def device(broker: Broker) -> Iterator[Device]:
    device = Device(broker)
    yield device
    device.leave()


@pytest.fixture
def token(issuer: TokenIssuer) -> Callable[[str], str]:
    def made(subject: str) -> str:
        return issuer.issue(Identity(Role.DEVICE, subject), issued_at=datetime.now(UTC), lifetime=timedelta(hours=1))

    return made


@asynccontextmanager
async def listening(registry: Registry, broker: Broker, issuer: TokenIssuer) -> AsyncIterator[MqttIntake]:
    intake = MqttIntake(broker.url, "redcross/zj", registry.service.reports, issuer)
    running = asyncio.create_task(intake.run())
    await until(lambda: _connected(intake))
    try:
        yield intake
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# A broker starts, stops and comes back meanwhile.
until = partial(people.until, within_s=20)


async def _connected(intake: MqttIntake) -> bool:
    return intake.is_connected


async def reports(registry: Registry) -> int:
    ((count,),) = await asked(registry, "select count(*) from aed_reports")
    return int(count)


async def said(device: Device, topic: str, payload: object, token: str | None, **more: Any) -> None:
    await asyncio.to_thread(device.publish, topic, payload, token, **more)


async def test_devices_and_gateways_report_and_hear_what_follows(
    registry: Registry, broker: Broker, device: Device, issuer: TokenIssuer, token: Callable[[str], str]
) -> None:
    aed, other = await hung(registry), await hung(registry)
    topic, answers = f"redcross/zj/aeds/{aed.id}/reports", f"redcross/zj/aeds/{aed.id}/answers"
    device.listen(answers)
    async with listening(registry, broker, issuer):
        await said(device, topic, {"kind": "heartbeat"}, token(str(aed.id)), answer_to=answers)
        await until(lambda: _says(device, 1))
        await said(
            device, topic, {"reports": [{"kind": "fault"}, {"kind": "song"}]}, token(str(aed.id)), answer_to=answers
        )
        await until(lambda: _says(device, 2))
        many = [{"aed_id": str(each.id), "kind": "door", "open": True} for each in (aed, other)]
        await said(device, "redcross/zj/aeds/reports", {"reports": many}, token("gateway:maker"))
        await until(lambda: _is(registry, 4))
    assert [(each["taken"], each["refused"]) for each in device.answers] == [(1, 0), (1, 1)]
    assert device.answers[1]["results"][0]["readiness"] == "out_of_service"
    assert (await registry.service.one(aed.id)).readiness is Readiness.OUT_OF_SERVICE


async def _says(device: Device, number: int) -> bool:
    return len(device.answers) >= number


async def _is(registry: Registry, number: int) -> bool:
    return await reports(registry) >= number


async def test_what_cannot_be_taken_is_said_and_keeps_nothing_back(
    registry: Registry, broker: Broker, device: Device, issuer: TokenIssuer, token: Callable[[str], str]
) -> None:
    aed, other = await hung(registry), await hung(registry)
    topic, answers = f"redcross/zj/aeds/{aed.id}/reports", f"redcross/zj/aeds/{aed.id}/answers"
    device.listen(answers)
    good = token(str(aed.id))
    async with listening(registry, broker, issuer):
        for payload, who in (
            ({"kind": "heartbeat"}, None),
            ({"kind": "heartbeat"}, "not a token"),
            ({"kind": "heartbeat"}, token(str(other.id))),
            (b"\xff\x00{", good),
            ([1, 2], good),
            ({"reports": []}, good),
            ({"reports": [{}] * 1001}, good),
            ({"reports": ["x", None, 7]}, good),
        ):
            await said(device, topic, payload, who, answer_to=answers)
        await said(device, "redcross/zj/aeds/nobody/reports", {"kind": "heartbeat"}, good, answer_to=answers)
        # Nobody has us write into the intake, or anywhere else.
        await said(device, topic, {"kind": "song"}, good, answer_to=topic)
        await said(device, topic, {"kind": "heartbeat"}, good, answer_to="somewhere/else")
        await until(lambda: _is(registry, 1))
        await until(lambda: _says(device, 9))
    assert len(device.answers) == 9
    assert await reports(registry) == 1


async def test_nothing_is_lost_while_the_service_is_away_or_the_broker_restarts(
    registry: Registry, broker: Broker, device: Device, issuer: TokenIssuer, token: Callable[[str], str]
) -> None:
    aed = await hung(registry)
    topic, who = f"redcross/zj/aeds/{aed.id}/reports", token(str(aed.id))

    def door(number: int) -> dict[str, Any]:
        return {"kind": "door", "open": bool(number % 2), "report_id": str(uuid4())}

    async with listening(registry, broker, issuer):
        await said(device, topic, door(0), who)
        await until(lambda: _is(registry, 1))
    for number in range(30):
        await said(device, topic, door(number), who)
    await asyncio.to_thread(device.leave)
    await asyncio.to_thread(broker.stop)
    await asyncio.to_thread(broker.start)
    async with listening(registry, broker, issuer):
        await until(lambda: _is(registry, 31))
        # The broker goes and comes back under a service that goes on.
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        late = await asyncio.to_thread(Device, broker)
        await said(late, topic, door(0), who)
        await until(lambda: _is(registry, 32), within_s=40)
        await asyncio.to_thread(late.leave)
    assert await reports(registry) == 32


async def test_what_is_not_committed_is_not_acknowledged(
    registry: Registry, broker: Broker, device: Device, issuer: TokenIssuer, token: Callable[[str], str]
) -> None:
    aed = await hung(registry)
    topic, who = f"redcross/zj/aeds/{aed.id}/reports", token(str(aed.id))
    async with registry.database.transaction() as connection:
        # Whoever settles it waits for the lock, until the service that took the message is gone.
        await connection.exec_driver_sql(f"select from aeds where id = '{aed.id}' for update")
        async with listening(registry, broker, issuer):
            await said(device, topic, {"kind": "fault", "at": registry.clock.now().isoformat()}, who)
            await until(lambda: _waits(registry))
    async with listening(registry, broker, issuer):
        await until(lambda: _is(registry, 1))
    assert await reports(registry) == 1


async def _waits_no_longer(registry: Registry) -> bool:
    return not await _waits(registry)


async def _waits(registry: Registry) -> bool:
    async with registry.database.statement() as connection:
        found = await connection.exec_driver_sql("select count(*) from pg_locks where not granted")
        return bool(found.scalar_one())


async def test_what_does_not_say_when_it_was_is_of_when_it_was_heard(
    registry: Registry, broker: Broker, device: Device, issuer: TokenIssuer, token: Callable[[str], str]
) -> None:
    aed = await hung(registry)
    topic, who, heard_at = f"redcross/zj/aeds/{aed.id}/reports", token(str(aed.id)), registry.clock.now()
    async with listening(registry, broker, issuer):
        async with registry.database.transaction() as connection:
            await connection.exec_driver_sql(f"select from aeds where id = '{aed.id}' for update")
            await said(device, topic, {"kind": "fault"}, who)
            await until(lambda: _waits(registry))
            registry.clock.move(hours=1)
            # Given up, and to be tried again.
            await until(lambda: _waits_no_longer(registry))
        await until(lambda: _is(registry, 1))
    ((at, received_at),) = await asked(registry, "select at, received_at from aed_reports")
    assert at == heard_at
    assert received_at > heard_at


async def test_what_wants_no_acknowledgement_is_dropped_when_too_much_waits(
    registry: Registry,
    broker: Broker,
    device: Device,
    issuer: TokenIssuer,
    token: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt, "MOST_UNDER_WAY", 5)
    aed = await hung(registry)
    topic, who = f"redcross/zj/aeds/{aed.id}/reports", token(str(aed.id))
    async with listening(registry, broker, issuer) as intake:
        async with registry.database.transaction() as connection:
            await connection.exec_driver_sql(f"select from aeds where id = '{aed.id}' for update")
            for number in range(20):
                at = (registry.clock.now() - timedelta(minutes=number)).isoformat()
                await said(device, topic, {"kind": "door", "open": True, "at": at}, who, qos=0)
            # This one comes after them, and has to be taken.
            await said(device, topic, {"kind": "fault"}, who)
            await until(lambda: _under_way(intake, 6))
        await until(lambda: _is(registry, 6))
        await until(lambda: _under_way(intake, 0))
    assert await reports(registry) == 6
    assert (await registry.service.one(aed.id)).readiness is Readiness.OUT_OF_SERVICE


async def _under_way(intake: MqttIntake, number: int) -> bool:
    return len(intake._in_order) == number


async def test_a_broker_that_lets_us_hear_nothing_is_not_connected() -> None:
    from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415 - an extra
    from paho.mqtt.reasoncodes import ReasonCode  # noqa: PLC0415 - an extra

    from dispatch.aeds.intake.mqtt_link import MqttLink  # noqa: PLC0415 - an extra

    # Without types, as the library has it.
    made: Any = ReasonCode
    granted, refused = (made(PacketTypes.SUBACK, name) for name in ("Granted QoS 1", "Not authorized"))
    link = MqttLink("mqtt://127.0.0.1", "tests", ("a", "b"), lambda _message: None)
    link._subscribed(link._client, None, 1, [granted, refused], None)
    assert not link.is_subscribed
    link._subscribed(link._client, None, 1, [granted, granted], None)
    assert link.is_subscribed


async def test_messages_beyond_so_many_bytes_wait_unread() -> None:
    at_work, most, now = mqtt._BytesAtWork(10), 0, 0

    async def work(size: int) -> None:
        nonlocal most, now
        async with at_work.of(size):
            now += size
            most = max(most, now)
            await asyncio.sleep(0)
            now -= size

    async with asyncio.timeout(5):
        # One that is larger than all that may be at work has its turn too, alone.
        await asyncio.gather(*(work(size) for size in (4, 4, 4, 30, 4, 4, 10, 1)))
    assert most == 30
    most = 0
    await asyncio.gather(*(work(4) for _ in range(9)))
    assert most == 8
