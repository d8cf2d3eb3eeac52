"""One rescue on four screens at once: the caller's, two first-aiders', the operator's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]
AED = "市民中心南门"
WAY_IN = "东门进，电梯左侧"
PHONE_NUMBER = "13900000000"


@dataclass
class Screens:
    """Everybody's screen; `helper` does CPR, `runner` (in English) fetches the AED."""

    caller: Page
    helper: Page
    runner: Page
    console: Page
    show: Show


@pytest.fixture
def screens(
    open_page: Callable[..., Page], on_duty: Callable[..., Page], live_service: Any, town: Any, show: Show
) -> Screens:
    town.add_aed(AED, north_m=420, east_m=-300)
    town.add_aed("地铁站 B 口", north_m=-350, east_m=300, opening_hours="Mo-Su 00:00-24:00", access="ask")
    # For the one beside the patient the AED is a detour of seven minutes; the one beside the AED passes it on the way.
    helper = on_duty("王芳", north_m=120, east_m=60)
    runner = on_duty("李强", north_m=500, east_m=-380, language="en")
    token = live_service.token("operator", "chen")
    console = open_page(f"/console#token={token}", size={"width": 1440, "height": 900})
    expect(console.locator("#connection[data-state=live]")).to_be_visible()
    return Screens(open_page("/", place=town.place()), helper, runner, console, show)


def test_one_tap_brings_two_first_aiders_and_an_aed(screens: Screens, hold_sos: Callable[[Page], None]) -> None:
    _the_caller_holds_the_button(screens, hold_sos)
    _both_are_alerted_and_know_no_more_than_they_need(screens)
    _both_accept_and_see_where_to_go(screens)
    _the_operator_sees_who_comes(screens)
    _they_arrive(screens)
    _the_operator_closes(screens)
    _the_timeline_tells_the_same_story(screens.console)


def _the_caller_holds_the_button(screens: Screens, hold_sos: Callable[[Page], None]) -> None:
    caller = screens.caller
    screens.show(screens.helper, "responder-on-duty")
    expect(caller.locator("#place")).to_have_attribute("data-state", "found")
    screens.show(caller, "caller-ready")
    caller.locator("#details summary").first.click()
    caller.locator("#floor").fill("3")
    caller.locator("#note").fill(WAY_IN)
    caller.locator("#phone").fill(PHONE_NUMBER)
    hold_sos(caller)
    expect(caller.locator(".status h2")).to_contain_text("已通知 2 名救护员")


def _both_are_alerted_and_know_no_more_than_they_need(screens: Screens) -> None:
    for page in (screens.helper, screens.runner):
        expect(page.locator(".alert-screen")).to_be_visible()
        expect(page.locator(".alert-map canvas")).to_be_visible()
        expect(page.locator(".alert-screen")).not_to_contain_text(WAY_IN)
    expect(screens.runner.locator(".alert-screen")).to_contain_text("Fetch this AED")
    expect(screens.runner.locator(".alert-screen")).to_contain_text(AED)
    expect(screens.helper.locator(".alert-screen")).not_to_contain_text(AED)
    at_rest(screens.runner, ".alert-map")
    screens.show(screens.runner, "responder-alert-aed")
    screens.show(screens.helper, "responder-alert-cpr")


def _both_accept_and_see_where_to_go(screens: Screens) -> None:
    caller, helper, runner = screens.caller, screens.helper, screens.runner
    helper.locator("#accept").click()
    expect(helper.locator("#patient")).to_contain_text(WAY_IN)
    expect(helper.locator(f"#patient a[href='tel:{PHONE_NUMBER}']")).to_be_visible()
    expect(caller.locator(".status h2")).to_contain_text("有人赶来")
    runner.locator("#accept").click()
    expect(runner.locator(".stop").first).to_contain_text(AED)
    expect(runner.locator("a[href*='coordinate=wgs84']").first).to_be_visible()
    expect(caller.locator(".coming li")).to_have_count(2)
    at_rest(runner, ".assignment-map")
    screens.show(runner, "responder-assignment-aed")
    screens.show(helper, "responder-assignment-cpr")
    screens.show(caller, "caller-coming")


def _the_operator_sees_who_comes(screens: Screens) -> None:
    console = screens.console
    console.locator("[data-incident]").first.click()
    expect(console.locator(".alerts tr[data-alert]")).to_have_count(2)
    expect(console.locator(".facts")).to_contain_text(WAY_IN)
    at_rest(console, "#map")
    screens.show(console, "console-incident")


def _they_arrive(screens: Screens) -> None:
    caller, helper, runner, console = screens.caller, screens.helper, screens.runner, screens.console
    helper.locator("[data-stage=en_route]").click()
    expect(caller.locator(".coming")).to_contain_text("赶来途中")
    helper.locator("[data-stage=on_scene]").click()
    expect(caller.locator(".status h2")).to_have_text("救护员已到现场")
    expect(console.locator(".detail-head .chip")).to_have_text("已到场")
    for stage in ("en_route", "aed_collected", "on_scene"):
        runner.locator(f"[data-stage={stage}]").click()
    expect(console.locator(".alerts .state[data-tone=good]")).to_have_count(2)
    screens.show(caller, "caller-help-is-here")
    screens.show(console, "console-on-scene")


def _the_operator_closes(screens: Screens) -> None:
    caller, console = screens.caller, screens.console
    console.locator("#action-close").click()
    console.locator("dialog .button-strong").click()
    expect(console.locator(".detail-head .chip")).to_have_text("已结束")
    for page in (screens.helper, screens.runner):
        expect(page.locator("dialog.stand-down")).to_be_visible()
    screens.show(screens.helper, "responder-stand-down")
    screens.helper.locator("#stand-down-ok").click()
    expect(screens.helper.locator("#duty")).to_be_visible()
    expect(caller.locator(".status h2")).to_have_text("本次呼救已结束")
    screens.show(caller, "caller-closed")


def _the_timeline_tells_the_same_story(console: Page) -> None:
    kinds = console.locator(".timeline li").evaluate_all("items => items.map(item => item.dataset.event)")
    kinds.reverse()
    assert kinds[0] == "opened"
    assert kinds.count("accepted") == 2
    assert kinds.count("stage_reached") == 5
    assert "closed" in kinds[-3:]
