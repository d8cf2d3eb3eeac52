"""Nobody to alert: the caller and the console are told so at once, in either language, until somebody is found."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, at_rest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


@pytest.fixture
def alone(open_caller: OpenPage, town: Any, hold_sos: Callable[[Page], None]) -> Callable[..., Page]:
    """A caller whom nobody can help for now, with two AEDs near by."""

    def called(**options: Any) -> Page:
        town.add_aed("市民中心南门", north_m=220, east_m=-100)
        town.add_aed("地铁站 B 口", north_m=-350, east_m=300, access="ask")
        caller = open_caller(**options)
        hold_sos(caller)
        return caller

    return called


def test_it_is_said_at_once_and_in_both_languages(
    alone: Callable[..., Page], show: Show, no_overflow: Callable[[Page], None]
) -> None:
    caller = alone()
    status = caller.locator(".status[data-tone=act]")
    expect(status.locator("h2")).to_have_text("还没有联系到救护员")
    expect(status).to_contain_text("系统会继续寻找。请立即拨打 120，不要停止心肺复苏")
    expect(status.locator(".other-language[lang=en]")).to_contain_text("Call 120 now and keep doing CPR")
    expect(caller.locator("#call.button-act")).to_have_text("立即拨打 120")
    expect(caller.locator("#call")).to_have_attribute("href", "tel:120")
    at_rest(caller, ".following-map")
    show(caller, "caller-nobody-reached")
    no_overflow(caller)


def test_the_nearest_aeds_are_given_with_the_way(alone: Callable[..., Page], show: Show) -> None:
    caller = alone(language="en-GB", size=DESKTOP)
    expect(caller.locator(".status h2")).to_have_text("No first-aider reached yet")
    expect(caller.locator(".other-language[lang=zh-CN]")).to_contain_text("立即拨打 120")
    aeds = caller.locator(".aeds li")
    expect(aeds).to_have_count(2)
    expect(aeds.first).to_contain_text("市民中心南门")
    assert "coordinate=wgs84" in (aeds.first.locator("a.way").get_attribute("href") or "")
    expect(caller.locator(".order-aeds")).to_contain_text("Send them now")
    at_rest(caller, ".following-map")
    show(caller, "caller-nobody-reached")


def test_it_goes_away_when_somebody_is_found(
    alone: Callable[..., Page], on_duty: Callable[..., Page], open_console: Callable[..., Page], town: Any, show: Show
) -> None:
    caller = alone()
    console = open_console(size=DESKTOP)
    (incident,) = town.incidents_here()
    row = console.locator(f"[data-incident='{incident['incident_id']}']")
    expect(row).to_contain_text("没有人在前往，继续寻找中")
    row.click()
    expect(console.locator(".detail-head .nobody")).to_be_visible()
    show(console, "console-nobody-reached")
    helper = on_duty("王芳", north_m=90, east_m=0)
    expect(helper.locator("#accept")).to_be_visible(timeout=30_000)
    expect(caller.locator(".status h2")).to_have_text("已通知 1 名救护员")
    expect(caller.locator(".other-language")).to_have_count(0)
    expect(caller.locator("#call.button-strong")).to_have_text("拨打 120")
    expect(console.locator(".detail-head .nobody")).to_have_count(0)
