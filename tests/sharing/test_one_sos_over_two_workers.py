"""The whole way of one SOS, its caller, responders and console each on the worker that the balancer gave them."""

from tests.behaviour import test_one_sos_end_to_end as one_worker
from tests.sharing.conftest import Workers


async def test_from_the_tap_to_the_close_over_two_workers(workers: Workers) -> None:
    came: list[set[str]] = []
    for worker in workers.each:
        here: set[str] = set()
        came.append(here)
        arrived = worker.service.hub.on_arrival

        def on_arrival(recipient: str, here: set[str] = here, arrived=arrived) -> None:  # type: ignore[no-untyped-def]
            here.add(recipient.partition(":")[0])
            arrived(recipient)

        worker.service.hub.on_arrival = on_arrival
    await one_worker.test_from_the_tap_to_the_close(workers)
    assert "responder" in came[0] & came[1], "without people on both, this shows nothing"
