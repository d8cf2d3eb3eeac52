from opening_hours import OpeningHours

from simulator.cabinets import SITES, SOURCE, equip

ACCESS = {"public", "ask", "code", "private", "unknown"}


def test_the_same_seed_hangs_the_same_cabinets() -> None:
    assert equip(40, seed=3) == equip(40, seed=3)
    assert equip(80, seed=3)[:40] == equip(40, seed=3)
    assert equip(40, seed=3) != equip(40, seed=4)


def test_every_site_has_hours_that_the_library_understands() -> None:
    for site in SITES:
        for hours in site.hours:
            if hours is not None:
                OpeningHours(hours)


def test_cabinets_say_what_a_registry_wants_to_know() -> None:
    bodies = [each.body({}) for each in equip(200, seed=3)]
    assert len({each["source_ref"] for each in bodies}) == 200
    assert len({each["name"] for each in bodies}) == 200
    assert {each["access"] for each in bodies} <= ACCESS
    assert {each["source"] for each in bodies} == {SOURCE}
    # Sites of every kind, some of them without known hours and some in the open air.
    assert any("opening_hours" not in each for each in bodies)
    assert any(each["opening_hours"] != "24/7" for each in bodies if "opening_hours" in each)
    assert {each["indoor"] for each in bodies} == {True, False}
    assert all(("floor" in each) == each["indoor"] for each in bodies)
