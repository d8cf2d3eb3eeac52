"""One socket's misfortune is no other's; and what is over leaves nothing behind."""

import asyncio
import gc

from starlette.websockets import WebSocket
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.server import ServerProtocol

from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.conversation import Conversation
from dispatch.realtime.session import Session
from dispatch.realtime.stream_protocol import StreamProtocol
from tests.people import WULIN, ServiceInProcess, beside

# What a socket is made of, from the request that asked for it to the end.
OURS = (HttpToolsProtocol, StreamProtocol, ServerProtocol, WebSocket, Session, Conversation)


async def test_a_socket_that_fails_does_not_keep_the_alert_from_the_others(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as phone,
        # What one device acknowledges is not sent to the next that comes.
        service.socket("responder", "r1", acknowledges=False) as tablet,
        service.on_duty("r2", beside(WULIN, north_m=200)) as other,
    ):
        broken, _ = service.service.hub._sessions["responder:r1"]
        line = broken._line

        class Broken:
            def send_now(self, _text: str) -> bool:
                raise RuntimeError("a fault of this socket alone")

            def end(self, code: int, reason: str) -> None:
                assert line is not None
                line.end(code, reason)

        broken._line = Broken()  # type: ignore[assignment] # only what a session asks of a line
        opened = await service.sos()
        assert (await tablet.next("alert"))["incident_id"] == opened["incident_id"]
        assert (await other.next("alert"))["incident_id"] == opened["incident_id"]
        # The one that failed is sent away to come back, and then has it too.
        assert await phone.closed() == CloseCode.GOING_AWAY
        async with service.socket("responder", "r1") as again:
            assert (await again.next("alert"))["incident_id"] == opened["incident_id"]


async def test_ended_sockets_leave_nothing_for_the_collector(service: ServiceInProcess) -> None:
    # Everything that is made only once, and the rings that a first time leaves.
    await _come_and_go(service, "first")
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for number in range(3):
            await _come_and_go(service, f"r{number}")
        gc.collect()
        left = [type(each) for each in gc.garbage if issubclass(type(each), OURS)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
    assert service.service.hub.count("responder:") == 0


async def _come_and_go(service: ServiceInProcess, responder_id: str) -> None:
    async with service.on_duty(responder_id, beside(WULIN, north_m=100)) as phone:
        await phone.settled()
    has_left = False
    while not has_left:
        # The last time round is for the transport to let go.
        has_left = not service.service.hub.has_session(f"responder:{responder_id}")
        await asyncio.sleep(0.05)


async def test_what_a_client_asked_for_before_it_left_is_done(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        async with service.on_duty("r1", beside(WULIN, north_m=100)) as phone:
            await service.sos()
            alert = await phone.next("alert")
            await phone.answer(alert, "accept")
        accepted = await console.next("incident", where=lambda m: m["state"] == "responding")
        assert [each["state"] for each in accepted["alerts"]] == ["accepted"]
