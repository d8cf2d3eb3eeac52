"""What every answer over HTTP says beside what was asked."""

from datetime import datetime, timedelta

from tests.people import MovableClock, ServiceInProcess


async def test_every_answer_says_what_time_it_is_by_the_services_clock(
    service: ServiceInProcess, clock: MovableClock
) -> None:
    async with service.client() as client:
        for path in ("/v1/page-settings", "/v1/incidents", "/nowhere"):
            answer = await client.get(path)
            told = datetime.fromisoformat(answer.headers["Dispatch-Time"])
            assert abs(told - clock.now()) < timedelta(milliseconds=1)
            clock.move(seconds=90)
