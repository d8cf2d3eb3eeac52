"""A river without a bridge nearby: how the plan changes when a street-routing engine tells of the ways round."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dispatch.engine.valhalla import ValhallaRouter
from dispatch.rescue.arrival import estimate_arrivals
from dispatch.rescue.commands import OpenIncident
from dispatch.rescue.decide import open_incident
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.vocabulary import AedId, AlertRole, IncidentId, ResponderId, TravelMode
from geo.distance import distance_m
from geo.place import Place
from tests.people import NOON
from tests.valhalla_server import KREMS, TWO_BANKS, ValhallaServer, on_the_banks, valhalla_for

POLICY = Policy()
INCIDENT = IncidentId("5f1d7c0e-2a44-4b7e-9a55-0c1e6d3b9f10")


@pytest.fixture(scope="module")
def two_banks() -> Iterator[ValhallaServer]:
    with valhalla_for(TWO_BANKS) as server:
        yield server


@pytest.fixture(scope="module")
def krems() -> Iterator[ValhallaServer]:
    with valhalla_for(KREMS) as server:
        yield server


class Scenery:
    """A patient, people and AEDs, and whom an SOS alerts with and without knowledge of the streets."""

    def __init__(
        self,
        patient: Place,
        people: dict[str, Place],
        aeds: dict[str, Place] | None = None,
        mode: TravelMode = TravelMode.RUN,
    ) -> None:
        self.patient = patient
        self.people = tuple(
            Candidate(ResponderId(name), place, distance_m(place, patient), mode, acceptance=0.9)
            for name, place in people.items()
        )
        self.aeds = tuple(
            AedOption(AedId(name), name, place, distance_m(place, patient), 0.97)
            for name, place in (aeds or {}).items()
        )

    def scene(self, *, cap: int = 1) -> Scene:
        """What is known without a street-routing engine."""
        return Scene(NOON, candidates=self.people, aeds=self.aeds, policy=replace(POLICY, alert_cap=cap))

    async def knowing_the_streets(self, server: ValhallaServer, scene: Scene) -> Scene:
        router = ValhallaRouter(server.url, 10.0, POLICY.travel)
        streets = await router.travel_times(self.patient, self.people, self.aeds)
        await router.aclose()
        assert streets is not None
        return replace(scene, streets=streets)

    def alerted(self, scene: Scene) -> list[tuple[str, AlertRole, str | None]]:
        """Whom an SOS wakes, and for what."""
        decision = open_incident(INCIDENT, OpenIncident(place=self.patient), scene)
        return [(alert.responder_id, alert.role, alert.aed_id) for alert in decision.incident.alerts.values()]


@pytest.mark.parametrize("mode", list(TravelMode))
async def test_the_nearest_is_not_asked_when_the_river_lies_between(
    two_banks: ValhallaServer, mode: TravelMode
) -> None:
    scenery = Scenery(on_the_banks(0, 60), {"across": on_the_banks(0, -60), "along": on_the_banks(500, 60)}, mode=mode)
    unknowing = scenery.scene()
    assert scenery.alerted(unknowing) == [("across", AlertRole.CPR, None)]
    knowing = await scenery.knowing_the_streets(two_banks, unknowing)
    assert scenery.alerted(knowing) == [("along", AlertRole.CPR, None)]


async def test_the_aed_across_the_river_is_not_fetched(two_banks: ValhallaServer) -> None:
    scenery = Scenery(
        on_the_banks(0, 60),
        {"first": on_the_banks(60, 60), "second": on_the_banks(-120, 60)},
        {"AED across": on_the_banks(0, -60), "AED along": on_the_banks(-500, 60)},
    )
    unknowing = scenery.scene(cap=2)
    assert {alert[2] for alert in scenery.alerted(unknowing)} == {None, "AED across"}
    knowing = await scenery.knowing_the_streets(two_banks, unknowing)
    assert {alert[2] for alert in scenery.alerted(knowing)} == {None, "AED along"}


async def test_on_the_far_bank_near_the_bridge_is_not_far(two_banks: ValhallaServer) -> None:
    scenery = Scenery(on_the_banks(1500, 60), {"across": on_the_banks(1550, -60), "along": on_the_banks(900, 60)})
    knowing = await scenery.knowing_the_streets(two_banks, scenery.scene())
    assert scenery.alerted(knowing) == [("across", AlertRole.CPR, None)], "the bridge is there: 220 m against 600 m"


async def test_nobody_is_woken_who_cannot_come_at_all(two_banks: ValhallaServer) -> None:
    scenery = Scenery(
        on_the_banks(100, -260),
        {"islander": on_the_banks(100, -1000), "neighbour": on_the_banks(900, -260)},
        {"AED on the island": on_the_banks(0, -1000)},
    )
    unknowing = scenery.scene(cap=20)
    assert "islander" in {alert[0] for alert in scenery.alerted(unknowing)}
    knowing = await scenery.knowing_the_streets(two_banks, unknowing)
    assert scenery.alerted(knowing) == [("neighbour", AlertRole.CPR, None)]


async def test_the_danube_at_krems_lies_between(krems: ValhallaServer) -> None:
    # The patient is on the northern bank; the St. Pölten bridge is 1.2 km downstream.
    scenery = Scenery(
        Place(48.4062, 15.6080),
        {"southern bank": Place(48.4010, 15.6090), "old town": Place(48.4095, 15.6160)},
        {"AED southern bank": Place(48.4015, 15.6110), "AED old town": Place(48.4110, 15.6150)},
        TravelMode.BIKE,
    )
    unknowing = scenery.scene()
    knowing = await scenery.knowing_the_streets(krems, unknowing)
    straight = estimate_arrivals(
        scenery.people, scenery.aeds, floor=None, is_night=False, travel=POLICY.travel, streets=None
    )
    real = estimate_arrivals(
        scenery.people, scenery.aeds, floor=None, is_night=False, travel=POLICY.travel, streets=knowing.streets
    )
    assert straight.direct_s[0] < straight.direct_s[1]
    assert real.direct_s[0] > real.direct_s[1] + 300
    assert all(math.isfinite(each) for each in real.direct_s)
    assert [name for name, _, _ in scenery.alerted(unknowing)] == ["southern bank"]
    assert [name for name, _, _ in scenery.alerted(knowing)] == ["old town"]
    both, both_knowing = scenery.scene(cap=2), replace(knowing, policy=replace(POLICY, alert_cap=2))
    assert "AED southern bank" in {aed for _, _, aed in scenery.alerted(both)}
    assert "AED southern bank" not in {aed for _, _, aed in scenery.alerted(both_knowing)}
