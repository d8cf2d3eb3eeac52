"""Alerts that were missed, alerts that are told twice, and answers given on another device."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.between import Line, Message, through
from tests.browser.conftest import DESKTOP
from tests.browser.services import OwnService, own_service

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]

# Long enough to answer on a busy machine, short enough to be missed.
RESPOND_WITHIN_S = 6


class TellingTwice(Line):
    """Each alert comes again at once, without its number; and once more when the test asks for it."""

    def to_page(self, message: Message) -> None:
        super().to_page(message)
        if message["type"] == "alert":
            self._alert = {name: value for name, value in message.items() if name != "seq"}
            self.tell_again()

    def tell_again(self) -> None:
        super().to_page(self._alert)


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    policy = {"respond_within_s": RESPOND_WITHIN_S, "no_ack_s": 2}
    with own_service(tmp_path_factory.mktemp("late"), policy) as service:
        yield service


@pytest.fixture
def both_devices(open_page: Callable[..., Page], on_duty: Callable[..., Page], town: Any) -> tuple[Page, Page]:
    """One first-aider's phone and tablet."""
    phone = on_duty("彭梓", north_m=90, east_m=0)
    token = phone.evaluate("localStorage.getItem('token:responder')")
    tablet = open_page(f"/responder#token={token}", place=town.place(north_m=90), size=DESKTOP)
    expect(tablet.locator("#connection[data-state=live]")).to_be_visible()
    return phone, tablet


def test_whoever_missed_the_alert_can_still_come(
    on_duty: Callable[..., Page], town: Any, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    page = on_duty("杨帆", north_m=90, east_m=0)
    town.sos()
    expect(page.locator(".alert-screen")).to_be_visible()
    expect(page.locator("#late")).to_be_visible()
    expect(page.locator(".alert-screen")).to_have_count(0)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#late")).to_contain_text("如果还缺人，您仍然可以去")
    show(page, "responder-late")
    no_overflow(page)
    page.locator("#late-come").click()
    expect(page.locator("#patient")).to_be_visible()


def test_a_late_yes_that_is_not_needed_is_answered(on_duty: Callable[..., Page], town: Any, show: Show) -> None:
    page = on_duty("杨帆", north_m=90, east_m=0, language="en-GB", size=DESKTOP)
    incident_id = town.sos()["incident_id"]
    expect(page.locator("#late h2")).to_have_text("You missed an alert")
    show(page, "responder-late")
    town.say(incident_id, "ambulance", arrived=True)
    page.locator("#late-come").click()
    expect(page.locator("dialog.stand-down")).to_contain_text("The ambulance is there")
    page.locator("#stand-down-ok").click()
    expect(page.locator("#late")).to_have_count(0)


def test_a_no_on_one_device_ends_the_alert_quietly_on_the_other(both_devices: tuple[Page, Page], town: Any) -> None:
    phone, tablet = both_devices
    town.sos()
    expect(tablet.locator("#decline")).to_be_visible()
    phone.locator("#decline").click()
    expect(tablet.locator(".alert-screen")).to_have_count(0)
    expect(tablet.locator("dialog")).to_have_count(0)
    expect(tablet.locator("#late")).to_have_count(0)


def test_a_yes_and_what_follows_is_the_same_on_both_devices(both_devices: tuple[Page, Page], town: Any) -> None:
    phone, tablet = both_devices
    town.sos()
    phone.locator("#accept").click()
    expect(tablet.locator("#patient")).to_be_visible()
    phone.locator("[data-stage=en_route]").click()
    expect(tablet.locator("[data-stage=on_scene]")).to_be_visible()
    tablet.locator("[data-stage=on_scene]").click()
    phone.locator("[data-stage=done]").click()
    expect(tablet.locator("#duty")).to_be_visible()
    expect(tablet.locator("dialog")).to_have_count(0)


def test_an_alert_told_again_without_a_number_is_shown_once(on_duty: Callable[..., Page], town: Any) -> None:
    lines: list[TellingTwice] = []

    def telling_twice(socket: WebSocketRoute) -> Line:
        lines.append(TellingTwice(socket))
        return lines[-1]

    page = on_duty("吴丹", north_m=90, east_m=0, prepare=through(telling_twice))
    town.sos()
    expect(page.locator("#decline")).to_be_visible()
    expect(page.locator(".alert-screen")).to_have_count(1)
    page.locator("#decline").click()
    expect(page.locator(".alert-screen")).to_have_count(0)
    lines[-1].tell_again()
    # Something that is drawn after it: had it opened, it would be there.
    page.locator("[data-language-switch]").click()
    expect(page.locator(".duty-state strong")).to_have_text("On duty")
    expect(page.locator(".alert-screen")).to_have_count(0)


def test_a_device_that_does_not_have_the_alert_is_marked_on_the_console(
    on_duty: Callable[..., Page], open_console: Callable[..., Page], town: Any, show: Show
) -> None:
    page = on_duty("陈静", north_m=90, east_m=0)
    console = open_console(size=DESKTOP)
    page.close()
    incident_id = town.sos()["incident_id"]
    console.locator(f"[data-incident='{incident_id}']").click()
    expect(console.locator("[data-mark=not_received]")).to_contain_text("未送达")
    expect(console.locator(".timeline [data-event=not_received]")).to_contain_text("改用其他渠道")
    show(console, "console-not-received")
