"""The responder's page by itself: signing in, drills, declining, reloads, lost connections."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.between import Line, Message, through
from tests.browser.conftest import DESKTOP, at_rest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


class BusyOnce(Line):
    """A service that is too busy for the first answer to an alert."""

    refused = False

    def to_service(self, message: Message) -> None:
        if message["type"] != "answer" or self.refused:
            super().to_service(message)
            return
        self.refused = True
        self.to_page({"type": "error", "code": "busy", "detail": "Too many are asking.", "of": "answer"})


def test_a_pasted_link_signs_in_and_the_token_leaves_the_address(
    open_page: OpenPage, live_service: Any, town: Any, show: Show
) -> None:
    responder_id = town.add_responder("赵磊")
    token = live_service.token("responder", responder_id)
    page = open_page("/responder", place=town.place())
    expect(page.locator("#sign-in")).to_be_visible()
    show(page, "responder-sign-in")
    page.locator("#token").fill(f"  {live_service.url}/responder#token={token}\n")
    page.locator("#sign-in button").click()
    expect(page.locator(".duty-state")).to_contain_text("赵磊")
    page.goto(f"/responder#token={token}")
    expect(page.locator(".duty-state")).to_contain_text("赵磊")
    assert token not in page.url


def test_a_worthless_token_asks_for_another(open_page: OpenPage, town: Any) -> None:
    page = open_page("/responder#token=not-a-token", place=town.place())
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")


def test_a_reload_restores_the_alert_and_then_the_assignment(on_duty: Callable[..., Page], town: Any) -> None:
    page = on_duty("周杰", north_m=90, east_m=0)
    town.sos()
    expect(page.locator("#accept")).to_be_visible()
    page.reload()
    page.locator("#accept").click()
    page.locator("[data-stage=en_route]").click()
    expect(page.locator("[data-stage=on_scene]")).to_be_visible()
    page.reload()
    expect(page.locator("#patient")).to_be_visible()
    # The stage too: the next step is still the next.
    expect(page.locator("[data-stage=on_scene]")).to_be_visible()
    expect(page.locator("[data-stage=en_route]")).to_have_count(0)


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(("agent", "opens"), [(None, ["geo", "amap"]), (IPHONE, ["amap", "google"])])
def test_the_way_is_by_links_that_this_phone_opens(
    on_duty: Callable[..., Page], town: Any, show: Show, agent: str | None, opens: list[str]
) -> None:
    page = on_duty("周杰", north_m=90, east_m=0, **({"user_agent": agent} if agent else {}))
    town.sos()
    page.locator("#accept").click()
    links = page.locator("#patient .links a")
    expect(links).to_have_count(2)
    hosts = {"geo:": "geo", "https://uri.amap.com": "amap", "https://www.google.com": "google"}
    found = [link.get_attribute("href") or "" for link in links.all()]
    assert [name for href in found for start, name in hosts.items() if href.startswith(start)] == opens
    page.locator("#patient").scroll_into_view_if_needed()
    show(page, f"responder-way-{opens[0]}")


def test_a_drill_is_marked_on_every_screen(
    open_caller: Callable[..., Page],
    open_console: Callable[..., Page],
    on_duty: Callable[..., Page],
    hold_sos: Callable[[Page], None],
    show: Show,
) -> None:
    page = on_duty("黄敏", north_m=90, east_m=0)
    console = open_console(size=DESKTOP)
    caller = open_caller()
    caller.locator("#details summary").nth(1).click()
    caller.locator("#drill-switch").check()
    expect(caller.locator("#drill")).to_be_visible()
    hold_sos(caller)
    expect(caller.locator("#drill")).to_be_visible()
    expect(page.locator(".alert-screen .drill-banner")).to_be_visible()
    at_rest(page, ".alert-map")
    show(page, "responder-drill-alert")
    page.locator("#accept").click()
    expect(page.locator("#patient")).to_be_visible()
    expect(page.locator("#drill")).to_be_visible()
    console.locator("[data-incident]").first.click()
    expect(console.locator(".incidents .drill-mark").first).to_be_visible()
    expect(console.locator(".detail-head .drill-mark")).to_be_visible()
    caller.locator("#cancel").click()
    caller.get_by_role("button", name="误触").click()
    expect(page.locator("dialog.stand-down .drill-mark")).to_be_visible()
    show(page, "responder-drill-stand-down")


def _states(town: Any, incident_id: str) -> list[str]:
    return [alert["state"] for alert in town.incident(incident_id)["alerts"]]


def test_an_alert_does_not_go_away_by_going_back(on_duty: Callable[..., Page], town: Any) -> None:
    page = on_duty("吴丹", north_m=90, east_m=0)
    incident_id = town.sos()["incident_id"]
    expect(page.locator("#accept")).to_be_visible()
    # The browser itself closes a dialog that objects again and again.
    for _ in range(4):
        page.keyboard.press("Escape")
    expect(page.locator("#accept")).to_be_visible()
    # Nobody has answered, whenever its acknowledgement is written down.
    deadline = time.monotonic() + 5
    while (states := _states(town, incident_id)) == ["offered"] and time.monotonic() < deadline:
        pass
    assert states == ["received"]
    town.say(incident_id, "cancel", reason="false_alarm")
    expect(page.locator("dialog.stand-down")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_declined_alert_goes_away(on_duty: Callable[..., Page], town: Any) -> None:
    page = on_duty("吴丹", north_m=90, east_m=0)
    incident_id = town.sos()["incident_id"]
    page.locator("#decline").click()
    expect(page.locator(".alert-screen")).to_have_count(0)
    expect(page.locator("#duty")).to_be_visible()
    answered = town.incident(incident_id)["alerts"]
    deadline = time.monotonic() + 5
    while [alert["state"] for alert in answered] != ["declined"] and time.monotonic() < deadline:
        answered = town.incident(incident_id)["alerts"]
    assert [alert["state"] for alert in answered] == ["declined"]


def test_a_yes_that_the_service_was_too_busy_for_can_be_given_again(
    on_duty: Callable[..., Page], town: Any, show: Show
) -> None:
    page = on_duty("彭梓", north_m=90, east_m=0, prepare=through(BusyOnce))
    town.sos()
    page.locator("#accept").click()
    expect(page.locator(".alert-screen .advice")).to_contain_text("系统正忙，请再试一次")
    at_rest(page, ".alert-map")
    show(page, "responder-busy")
    page.locator("#accept").click()
    expect(page.locator("#patient")).to_be_visible()


def test_giving_up_asks_first(on_duty: Callable[..., Page], town: Any) -> None:
    page = on_duty("陈静", north_m=90, east_m=0)
    town.sos()
    page.locator("#accept").click()
    page.locator("[data-stage=gave_up]").click()
    expect(page.locator("dialog[open]")).to_contain_text("确定无法继续")
    page.locator("dialog[open] .button-act").click()
    expect(page.locator("#duty")).to_be_visible()


def test_an_alert_missed_without_network_comes_with_it(on_duty: Callable[..., Page], town: Any, show: Show) -> None:
    page = on_duty("杨帆", north_m=90, east_m=0)
    page.context.set_offline(True)
    expect(page.locator("#stale")).to_be_visible()
    show(page, "responder-connection-lost")
    town.sos()
    page.context.set_offline(False)
    expect(page.locator("#accept")).to_be_visible()
    expect(page.locator("#stale")).to_be_hidden()


def test_an_answer_given_without_network_arrives_with_it(on_duty: Callable[..., Page], town: Any) -> None:
    page = on_duty("彭梓", north_m=90, east_m=0)
    town.sos()
    expect(page.locator("#accept")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#connection")).not_to_have_attribute("data-state", "live")
    page.locator("#accept").click()
    page.context.set_offline(False)
    expect(page.locator("#patient")).to_be_visible()


def test_without_location_the_page_says_that_no_alert_will_come(
    open_page: OpenPage, live_service: Any, town: Any
) -> None:
    token = live_service.token("responder", town.add_responder("刘洋"))
    page = open_page(f"/responder#token={token}", place=None)
    page.locator("#duty").click()
    expect(page.locator(".rows")).to_contain_text("没有位置就无法通知您")
