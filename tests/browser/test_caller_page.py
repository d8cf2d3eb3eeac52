"""The caller's page by itself: holding, place, language, lost networks, cancelling."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geo.datum import Datum, from_wgs84
from geo.place import Place
from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


def test_a_short_tap_explains_that_the_button_must_be_held(open_page: OpenPage, town: Any) -> None:
    caller = open_page("/", place=town.place())
    caller.locator("#sos").click()
    expect(caller.locator("#hold-advice")).to_contain_text("按住不放")
    expect(caller.locator("#ready")).to_be_visible()
    assert town.incidents_here() == []


def test_the_space_bar_can_hold_the_button(open_caller: OpenPage, town: Any) -> None:
    caller = open_caller()
    caller.locator("#sos").focus()
    caller.keyboard.down("Space")
    expect(caller.locator("#following")).to_be_visible()
    caller.keyboard.up("Space")
    assert len(town.incidents_here()) == 1


def test_the_page_speaks_the_browsers_language_and_switches(open_page: OpenPage, town: Any, show: Show) -> None:
    caller = open_page("/", place=town.place(), language="en-GB")
    expect(caller.locator("html")).to_have_attribute("lang", "en")
    expect(caller.locator("#place-text")).to_contain_text("Place found")
    expect(caller).to_have_title("SOS")
    show(caller, "caller-english")
    caller.locator("[data-language-switch]").click()
    expect(caller.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(caller.locator("#place-text")).to_contain_text("已定位")
    caller.reload()
    expect(caller.locator("html")).to_have_attribute("lang", "zh-CN")


def test_without_location_the_caller_puts_a_pin_and_is_heard(open_page: OpenPage, town: Any, show: Show) -> None:
    caller = open_page("/", place=None)
    expect(caller.locator("#place")).to_have_attribute("data-state", "denied")
    expect(caller.locator("#place-text")).to_contain_text("拨打 120")
    show(caller, "caller-denied")
    # What the device knew last time opens the map near by.
    caller.evaluate(
        "place => localStorage.setItem('last-place', JSON.stringify(place))",
        {"latitude": town.latitude, "longitude": town.longitude},
    )
    caller.locator("#sos").hover()
    caller.mouse.down()
    expect(caller.locator("dialog.pin")).to_be_visible()
    caller.mouse.up()
    expect(caller.locator("#pin-use")).to_be_enabled()
    expect(caller.locator("#pin-use")).to_have_text("从此处呼救")
    at_rest(caller, ".pin-map")
    show(caller, "caller-pin")
    caller.locator("#pin-use").click()
    expect(caller.locator("#following")).to_be_visible()
    (incident,) = town.incidents_here()
    assert incident["location"]["latitude"] == pytest.approx(town.latitude, abs=1e-4)


def test_a_rough_place_is_said_to_be_rough(open_page: OpenPage, town: Any) -> None:
    caller = open_page("/", place=town.place(accuracy_m=850))
    expect(caller.locator("#place")).to_have_attribute("data-state", "poor")
    expect(caller.locator("#place-text")).to_contain_text("850 米")


def test_a_lost_network_is_retried_until_the_call_is_through_once(open_caller: OpenPage, town: Any, show: Show) -> None:
    caller = open_caller()
    caller.context.set_offline(True)
    caller.locator("#sos").hover()
    caller.mouse.down()
    expect(caller.locator("#sending-text")).to_contain_text(re.compile("第 [2-9] 次重试.*拨打 120"))
    caller.mouse.up()
    expect(caller.locator("#call")).to_have_attribute("href", "tel:120")
    show(caller, "caller-retrying")
    caller.context.set_offline(False)
    expect(caller.locator("#following")).to_be_visible()
    assert len(town.incidents_here()) == 1


def test_a_lost_answer_opens_nothing_twice(open_caller: OpenPage, town: Any, hold_sos: Callable[[Page], None]) -> None:
    caller = open_caller()
    lost: list[Any] = []

    def lose_the_first_answer(route: Any) -> None:
        if lost:
            route.continue_()
            return
        route.fetch()
        lost.append(route)
        route.abort()

    caller.route("**/v1/sos", lose_the_first_answer)
    hold_sos(caller)
    expect(caller.locator("#following")).to_be_visible()
    assert len(lost) == 1
    assert len(town.incidents_here()) == 1


def test_a_reload_keeps_following_the_same_incident(
    open_caller: OpenPage, town: Any, hold_sos: Callable[[Page], None]
) -> None:
    caller = open_caller()
    hold_sos(caller)
    expect(caller.locator("#cancel")).to_be_visible()
    caller.reload()
    expect(caller.locator("#cancel")).to_be_visible()
    assert len(town.incidents_here()) == 1


def test_nobody_to_alert_is_said_at_once(open_caller: OpenPage, hold_sos: Callable[[Page], None], show: Show) -> None:
    caller = open_caller()
    hold_sos(caller)
    expect(caller.locator(".status[data-tone=act]")).to_contain_text("附近暂时没有可用的救护员")
    expect(caller.locator(".status")).to_contain_text("拨打 120")
    show(caller, "caller-nobody")


def test_the_caller_cancels_and_says_why(
    open_caller: OpenPage, town: Any, hold_sos: Callable[[Page], None], show: Show
) -> None:
    caller = open_caller()
    hold_sos(caller)
    caller.locator("#cancel").click()
    expect(caller.locator("dialog[open]")).to_be_visible()
    show(caller, "caller-cancel")
    caller.get_by_role("button", name="误触").click()
    expect(caller.locator(".status h2")).to_have_text("本次呼救已取消")
    (incident,) = town.incidents_here()
    assert incident["state"] == "cancelled"
    assert incident["end_reason"] == "false_alarm"
    caller.locator("#leave").click()
    expect(caller.locator("#sos")).to_be_visible()


def test_the_beat_keeps_110_a_minute(open_page: OpenPage, town: Any) -> None:
    caller = open_page("/", place=town.place())
    # 20 beats on the audio clock must take 20 x 60 / 110 s, however coarse the page's timers are.
    seconds = caller.evaluate(
        """async () => {
          const { Rhythm } = await import("/web/rhythm.js");
          const rhythm = new Rhythm();
          await rhythm.start();
          const began = performance.now();
          const from = rhythm.position;
          await new Promise((resolve) => setTimeout(resolve, 2000));
          const beats = rhythm.position - from;
          const seconds = (performance.now() - began) / 1000;
          rhythm.stop();
          return (seconds / beats) * 20;
        }"""
    )
    assert seconds == pytest.approx(20 * 60 / 110, rel=0.02)


def test_the_pages_shift_places_as_the_service_does(open_page: OpenPage, town: Any) -> None:
    caller = open_page("/", place=town.place())
    place = Place(town.latitude, town.longitude)
    there, back = caller.evaluate(
        """async ([longitude, latitude]) => {
          const { toGcj02, fromGcj02 } = await import("/web/carto/datum.js");
          const there = toGcj02([longitude, latitude]);
          return [there, fromGcj02(there)];
        }""",
        [place.longitude, place.latitude],
    )
    shifted = from_wgs84(place, Datum.GCJ02)
    assert there == pytest.approx([shifted.longitude, shifted.latitude], abs=1e-8)
    assert back == pytest.approx([place.longitude, place.latitude], abs=1e-9)
