"""The operator's console by itself: phone width, actions, what is live."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, at_rest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


def test_the_console_works_at_phone_width(
    open_console: Callable[..., Page], on_duty: Callable[..., Page], town: Any, show: Show
) -> None:
    on_duty("王芳", north_m=90, east_m=0)
    console = open_console()
    incident_id = town.sos()["incident_id"]
    row = console.locator(f"[data-incident='{incident_id}']")
    expect(row).to_be_visible()
    expect(row).to_contain_text("呼叫中")
    show(console, "console-list")
    row.click()
    expect(console.locator(".alerts")).to_contain_text("王芳")
    show(console, "console-detail")
    console.locator("[data-tab-to=map]").click()
    expect(console.locator("#map canvas")).to_be_visible()
    at_rest(console, "#map")
    show(console, "console-map")
    overflow = console.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0


def test_a_new_incident_appears_and_its_timeline_grows(
    open_console: Callable[..., Page], town: Any, show: Show
) -> None:
    console = open_console(size=DESKTOP)
    incident_id = town.sos()["incident_id"]
    console.locator(f"[data-incident='{incident_id}']").click()
    expect(console.locator(".nobody").first).to_be_visible()
    expect(console.locator(".timeline [data-event=opened]")).to_have_count(1)

    console.locator("#action-ambulance").click()
    console.locator("#ambulance-minutes").fill("9")
    show(console, "console-ambulance")
    console.locator("dialog .button-strong").click()
    expect(console.locator(".facts")).to_contain_text("后到达")
    expect(console.locator(".timeline [data-event=ambulance_expected]")).to_have_count(1)

    console.locator("#action-cpr").click()
    expect(console.locator(".facts")).to_contain_text("正在进行")
    console.locator("#action-widen").click()
    expect(console.locator(".timeline [data-event=widened]")).to_have_count(1)

    console.locator("#action-cancel").click()
    console.get_by_role("button", name="误报").click()
    expect(console.locator(".detail-head .chip")).to_have_text("已取消")
    expect(console.locator(".facts")).to_contain_text("误报")


def test_what_comes_from_the_network_is_never_markup(open_console: Callable[..., Page], town: Any) -> None:
    hostile = "<img src=x onerror=document.title='owned'>"
    console = open_console(size=DESKTOP)
    town.add_aed(hostile, north_m=100, east_m=0)
    answer = town.sos(note=hostile)
    console.locator(f"[data-incident='{answer['incident_id']}']").click()
    expect(console.locator(".facts")).to_contain_text(hostile)
    assert console.locator("img[src=x]").count() == 0
    assert console.title() != "owned"


def test_the_console_says_when_its_picture_stands_still(
    open_console: Callable[..., Page], town: Any, show: Show
) -> None:
    console = open_console(size=DESKTOP)
    console.context.set_offline(True)
    expect(console.locator("#stale")).to_contain_text("连接中断")
    show(console, "console-connection-lost")
    incident_id = town.sos()["incident_id"]
    console.context.set_offline(False)
    expect(console.locator("#stale")).to_be_hidden()
    expect(console.locator(f"[data-incident='{incident_id}']")).to_be_visible()


def test_a_worthless_token_asks_for_another(open_page: OpenPage) -> None:
    console = open_page("/console#token=nonsense", size=DESKTOP)
    expect(console.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")
