"""The office enters devices and moves them; what is half written is lost to nothing that happens."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geo.datum import Datum, from_wgs84
from geo.distance import distance_m
from geo.place import Place
from tests.browser.conftest import PHONE, at_rest
from tests.browser.office import Office

pytestmark = pytest.mark.browser

OfficePage = Callable[..., Page]
Show = Callable[[Page, str], None]
NoOverflow = Callable[[Page], None]

SPENT = '{"type":"x","title":"x","status":401,"detail":"x","code":"bad_token","errors":[]}'


def field(page: Page, name: str) -> Any:
    """What is written in a field of the form."""
    return page.locator(f"[data-field='{name}']").locator("input, select, textarea")


def entered(page: Page) -> str:
    """The id of the device that the page shows after it was entered."""
    expect(page.locator(".device-head")).to_be_visible()
    found = re.search(r"aed=([0-9a-f-]{36})", page.url)
    assert found is not None
    return found.group(1)


def test_a_new_device_is_entered_where_the_map_is_tapped(
    office_page: OfficePage, office: Office, show: Show, no_overflow: NoOverflow
) -> None:
    page = office_page("devices", size=PHONE)
    page.locator("#add-device").click()
    field(page, "name").fill(f"浙江图书馆大厅 {office.mark}")
    field(page, "address").fill("曙光路 73 号")
    field(page, "place_detail").fill("服务台左侧")
    field(page, "floor").fill("-1")
    field(page, "indoor").select_option("true")
    centre = office.town.place()
    field(page, "latitude").fill(f"{centre['latitude']:.6f}")
    field(page, "longitude").fill(f"{centre['longitude']:.6f}")
    at_rest(page, ".place-map")
    marker = page.locator(".place-map .marker-aed")
    expect(marker).to_be_visible()
    marker.scroll_into_view_if_needed()
    # First closer, for a finger on the whole city is half a street off; then the very spot.
    page.locator(".place-map canvas").click(position={"x": 150, "y": 120})
    at_rest(page, ".place-map")
    frame = page.locator(".place-map")
    roughly = frame.get_attribute("data-place")
    page.locator(".place-map canvas").click(position={"x": 190, "y": 160})
    expect(frame).not_to_have_attribute("data-place", roughly or "")
    expect(field(page, "datum")).to_have_value("wgs84")
    show(page, "office-new-device-map")
    field(page, "opening_hours").fill("all day long")
    field(page, "owner_id").select_option(office.venue)
    field(page, "serial_number").fill(f"SN-{office.mark}")
    field(page, "battery_expires_on").fill("2030-05-31")
    field(page, "pads_expire_on").fill("2029-04-30")
    page.locator("#enter-device").click()
    expect(page.locator("[data-field=opening_hours] .field-problem")).to_contain_text("不是 OpenStreetMap 的写法")
    expect(field(page, "opening_hours")).to_be_focused()
    show(page, "office-new-device-problem")
    no_overflow(page)
    field(page, "opening_hours").fill("Mo-Fr 08:00-18:00")
    tapped = (frame.get_attribute("data-place") or "").split(",")
    page.locator("#enter-device").click()
    known = office.said("GET", f"/v1/aeds/{entered(page)}")
    place = (known["location"]["latitude"], known["location"]["longitude"])
    assert place == pytest.approx((float(tapped[0]), float(tapped[1])), abs=1e-6)
    assert (known["name"], known["floor"], known["indoor"], known["access"]) == (
        f"浙江图书馆大厅 {office.mark}", -1, True, "public",
    )  # fmt: skip
    assert (known["owner_id"], known["battery_expires_on"], known["pads_expire_on"]) == (
        office.venue, "2030-05-31", "2029-04-30",
    )  # fmt: skip
    expect(page.locator("[data-placement=here]")).to_contain_text("登记以来一直在这里")


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_typed_coordinates_are_of_the_datum_that_is_named(
    office_page: OfficePage, office: Office, show: Show, datum: str
) -> None:
    centre = office.town.place()
    there = Place(centre["latitude"], centre["longitude"])
    typed = from_wgs84(there, Datum(datum))
    page = office_page("devices&new=true", language="en-GB")
    field(page, "name").fill(f"Library {office.mark}")
    field(page, "latitude").fill(f"{typed.latitude:.7f}")
    field(page, "longitude").fill(f"{typed.longitude:.7f}")
    field(page, "datum").select_option(datum)
    north, east = (page.locator(".place-map").get_attribute("data-place") or "").split(",")
    assert distance_m(Place(float(north), float(east)), there) < 1
    expect(page.locator(".place-map .marker-aed")).to_be_in_viewport()
    at_rest(page, ".place-map")
    show(page, "office-new-device-english")
    page.locator("#enter-device").click()
    known = office.said("GET", f"/v1/aeds/{entered(page)}")["location"]
    assert distance_m(Place(known["latitude"], known["longitude"]), there) < 1


def test_a_device_whose_entry_was_not_answered_is_not_entered_twice(office_page: OfficePage, office: Office) -> None:
    page = office_page("devices&new=true")
    centre = office.town.place()
    field(page, "name").fill(f"车站 {office.mark}")
    field(page, "latitude").fill(f"{centre['latitude']:.6f}")
    field(page, "longitude").fill(f"{centre['longitude']:.6f}")

    def lost(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/aeds", lost)
    page.locator("#enter-device").click()
    expect(page.locator(".new-device .banner[role=alert]")).to_contain_text("网络不通")
    expect(field(page, "name")).to_have_value(f"车站 {office.mark}")
    page.unroute("**/v1/aeds")
    page.locator("#enter-device").click()
    entered(page)
    listed = office.said("GET", "/v1/registry/devices", params={"q": f"车站 {office.mark}"})["devices"]
    assert len(listed) == 1


def test_a_token_that_runs_out_or_another_language_loses_nothing_of_a_new_device(
    office_page: OfficePage, office: Office, live_service: Any
) -> None:
    page = office_page("devices&new=true")
    field(page, "name").fill(f"车站 {office.mark}")
    field(page, "access").select_option("ask")
    page.locator("[data-language-switch]").click()
    expect(page.locator("#enter-device")).to_have_text("Enter it")
    expect(field(page, "name")).to_have_value(f"车站 {office.mark}")
    expect(field(page, "access")).to_have_value("ask")
    page.locator("[data-room=orders]").click()
    expect(page.locator("#order-state")).to_be_visible()
    page.go_back()
    expect(field(page, "name")).to_have_value(f"车站 {office.mark}")
    field(page, "latitude").fill("29.6")
    field(page, "longitude").fill("119.2")
    page.route(re.compile("/v1/aeds$"), lambda route: route.fulfill(status=401, body=SPENT))
    page.locator("#enter-device").click()
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("not valid")
    page.unroute(re.compile("/v1/aeds$"))
    page.locator("#token").fill(live_service.token("admin", "li"))
    page.locator("#sign-in button").click()
    expect(field(page, "name")).to_have_value(f"车站 {office.mark}")
    page.locator("#enter-device").click()
    assert office.said("GET", f"/v1/aeds/{entered(page)}")["access"] == "ask"


def test_a_device_is_hung_elsewhere_and_where_it_hung_is_kept(
    office_page: OfficePage, office: Office, show: Show, no_overflow: NoOverflow
) -> None:
    aed_id = office.device("大厅", address="曙光路 73 号", floor=1)
    page = office_page(f"devices&aed={aed_id}")
    page.locator("#move").click()
    there = office.town.place(north_m=900)
    field(page, "latitude").fill(f"{there['latitude']:.6f}")
    field(page, "longitude").fill(f"{there['longitude']:.6f}")
    field(page, "address").fill("教工路 1 号")
    field(page, "access").select_option("public")
    field(page, "opening_hours").fill("24/7")
    field(page, "at").fill("2099-02-03T04:05")
    expect(page.locator(".place-map .marker-aed")).to_be_visible()
    page.locator("#move-device").click()
    # That is still to come.
    expect(page.locator("[data-field=at] .field-problem")).to_be_visible()
    expect(page.locator(".place-map .marker-aed")).to_be_in_viewport()
    page.locator(".place-map").scroll_into_view_if_needed()
    at_rest(page, ".place-map")
    show(page, "office-move")
    page.set_viewport_size({"width": 390, "height": 844})
    no_overflow(page)
    show(page, "office-move")
    field(page, "at").fill("")
    page.locator("#move-device").click()
    expect(page.locator("[data-placement=here]")).to_contain_text("教工路 1 号")
    expect(page.locator("[data-placement=past]")).to_contain_text("曙光路 73 号")
    page.locator(".placements").scroll_into_view_if_needed()
    show(page, "office-placements")
    known = office.said("GET", f"/v1/aeds/{aed_id}")
    assert (known["address"], known["floor"], known["opening_hours"]) == ("教工路 1 号", None, "24/7")


def test_a_device_is_hung_at_the_site_of_another_one(office_page: OfficePage, office: Office, show: Show) -> None:
    old = office.device("旧机", serial_number=f"OLD-{office.mark}", address="曙光路 73 号")
    new = str(office.town.add_aed(f"新机 {office.mark}", north_m=700, east_m=0))
    page = office_page(f"devices&aed={new}", language="en-GB", size=PHONE)
    page.locator("#move").click()
    page.locator("[data-to=site]").click()
    page.locator("#move-query").fill(f"OLD-{office.mark}")
    expect(field(page, "site_of")).to_have_value(old)
    field(page, "owner_id").select_option(office.venue)
    page.locator("#move-query").scroll_into_view_if_needed()
    show(page, "office-move-site-english")
    page.locator("#move-device").click()
    expect(page.locator("[data-placement=here]")).to_contain_text("曙光路 73 号")
    old_site, new_site = (office.said("GET", f"/v1/aeds/{each}") for each in (old, new))
    assert new_site["site_id"] == old_site["site_id"]
    assert new_site["owner_id"] == office.venue


def test_another_language_or_a_look_elsewhere_loses_nothing_of_a_device(
    office_page: OfficePage, office: Office, live_service: Any, show: Show
) -> None:
    aed_id = office.device("大厅")
    page = office_page(f"devices&aed={aed_id}")
    page.locator("#edit").click()
    field(page, "address").fill("曙光路 73 号")
    field(page, "access").select_option("code")
    page.locator("[data-language-switch]").click()
    expect(page.locator("#save")).to_have_text("Save")
    expect(field(page, "address")).to_have_value("曙光路 73 号")
    show(page, "office-device-edit-english")
    page.locator("[data-room=figures]").click()
    expect(page.locator("[data-figure=devices]")).to_be_visible()
    page.go_back()
    expect(field(page, "access")).to_have_value("code")
    page.route(re.compile(f"/v1/aeds/{aed_id}$"), lambda route: route.fulfill(status=401, body=SPENT))
    page.locator("#save").click()
    expect(page.locator("#sign-in")).to_be_visible()
    page.unroute(re.compile(f"/v1/aeds/{aed_id}$"))
    page.locator("#token").fill(live_service.token("admin", "li"))
    page.locator("#sign-in button").click()
    expect(field(page, "address")).to_have_value("曙光路 73 号")
    page.locator("#save").click()
    expect(page.locator(".facts")).to_contain_text("曙光路 73 号")
    assert office.said("GET", f"/v1/aeds/{aed_id}")["access"] == "code"


def test_what_is_discarded_is_gone(office_page: OfficePage, office: Office) -> None:
    aed_id = office.device("大厅")
    page = office_page(f"devices&aed={aed_id}")
    page.locator("#edit").click()
    field(page, "address").fill("写错了")
    page.locator("#discard").click()
    page.locator("#edit").click()
    expect(field(page, "address")).to_have_value("")


def test_another_language_loses_nothing_of_an_owner_and_its_policy(office_page: OfficePage, office: Office) -> None:
    page = office_page(f"owners&owner={office.venue}")
    low = page.locator("[data-policy=battery_low_percent]")
    low.locator("[data-own]").check()
    low.locator("input[type=text]").fill("35")
    field(page, "phone").fill("0571-88888888")
    page.locator("[data-language-switch]").click()
    expect(page.locator("#save-policy")).to_have_text("Save policy")
    expect(low.locator("input[type=text]")).to_have_value("35")
    expect(field(page, "phone")).to_have_value("0571-88888888")
    # Saving one of the two forms loses nothing of the other.
    page.locator("#save-owner").click()
    expect(page.locator("[data-owner][aria-current=true]")).to_be_visible()
    page.locator(f"[data-owner='{office.city}']").click()
    page.locator(f"[data-owner='{office.venue}']").click()
    expect(low.locator("input[type=text]")).to_have_value("35")
    page.locator("#save-policy").click()
    expect(low).to_contain_text("35 % · decided here")
    owner = office.said("GET", f"/v1/owners/{office.venue}")
    assert (owner["phone"], owner["policy"]) == ("0571-88888888", {"battery_low_percent": 35})
