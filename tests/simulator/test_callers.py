from random import Random
from uuid import UUID

from geo.distance import distance_m
from geo.place import Place
from simulator.callers import NOTE_PREFIX, sos
from simulator.desk import ambulance_eta_s, is_simulated
from simulator.hangzhou import QUARTERS


def test_an_sos_is_a_drill_unless_told_otherwise() -> None:
    assert sos(Random(1), drill=True)[1]["drill"] is True
    assert sos(Random(1), drill=False)[1]["drill"] is False


def test_every_sos_has_a_request_id_of_its_own() -> None:
    rng = Random(1)
    ids = {UUID(sos(rng, drill=True)[1]["request_id"]) for _ in range(200)}
    assert len(ids) == 200
    assert {each.version for each in ids} == {4}


def test_an_sos_comes_from_near_the_place_that_it_names() -> None:
    rng = Random(1)
    landmarks = {each.name: each.place for quarter in QUARTERS for each in quarter.landmarks}
    for _ in range(300):
        name, body = sos(rng, drill=True)
        location = body["location"]
        assert distance_m(Place(location["latitude"], location["longitude"]), landmarks[name]) < 3_000
        assert 0 < location["accuracy_m"] <= 250
        assert location["datum"] == "wgs84"


def test_the_operator_knows_the_citys_incidents_by_their_note() -> None:
    assert is_simulated({"note": sos(Random(1), drill=True)[1]["note"]})
    assert sos(Random(1), drill=True)[1]["note"].startswith(NOTE_PREFIX)
    assert not is_simulated({"note": "grandfather does not wake up"})
    assert not is_simulated({"note": None})
    assert not is_simulated({})


def test_ambulances_take_five_to_eighteen_minutes() -> None:
    rng = Random(1)
    assert all(300 <= ambulance_eta_s(rng) <= 1_080 for _ in range(2_000))
