"""Somebody said yes and does not move: they are asked, with one tap to answer."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.services import OwnService, own_service

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]

# Nobody needs time to set out, and four seconds behind the promise are enough to be asked.
IMPATIENT = {
    "travel": {"turnout_day_s": 0, "turnout_night_s": 0},
    "movement": {"look_every_s": 1, "lag_s": 4, "reply_within_s": 5},
}


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("nudge"), IMPATIENT) as service:
        yield service


@pytest.fixture
def nudged(on_duty: Callable[..., Page], town: Any) -> Callable[..., tuple[Page, str]]:
    """A first-aider who has accepted and is asked; with the incident."""

    def asked(**options: Any) -> tuple[Page, str]:
        page = on_duty("周杰", north_m=90, east_m=0, **options)
        incident_id = town.sos()["incident_id"]
        page.locator("#accept").click()
        expect(page.locator(".nudge")).to_be_visible(timeout=30_000)
        return page, incident_id

    return asked


def test_one_tap_says_that_they_come(
    nudged: Callable[..., tuple[Page, str]],
    open_console: Callable[..., Page],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    page, incident_id = nudged()
    expect(page.locator(".nudge")).to_contain_text("您出发了吗")
    expect(page.locator(".nudge [role=timer] strong")).to_have_text("3", timeout=5_000)
    show(page, "responder-nudge")
    no_overflow(page)
    page.locator("[data-nudge=en_route]").click()
    expect(page.locator(".nudge")).to_have_count(0)
    expect(page.locator("[data-stage=on_scene]")).to_be_visible()
    console = open_console(size=DESKTOP)
    console.locator(f"[data-incident='{incident_id}']").click()
    expect(console.locator(".timeline [data-event=urged]").first).to_contain_text("周杰")
    expect(console.locator(".timeline [data-event=believed]").first).to_contain_text("重新计入")


def test_whoever_opens_the_page_anew_is_still_asked(nudged: Callable[..., tuple[Page, str]]) -> None:
    page, _incident_id = nudged()
    page.reload()
    expect(page.locator(".nudge")).to_contain_text("您出发了吗")
    page.locator("[data-nudge=en_route]").click()
    expect(page.locator("[data-stage=on_scene]")).to_be_visible()
    expect(page.locator(".nudge")).to_have_count(0)


def test_one_tap_says_that_they_cannot(nudged: Callable[..., tuple[Page, str]], town: Any) -> None:
    page, incident_id = nudged(language="en-GB")
    expect(page.locator(".nudge h2")).to_contain_text("Are you on your way?")
    page.locator("[data-nudge=gave_up]").click()
    expect(page.locator("#duty")).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert [alert["state"] for alert in town.incident(incident_id)["alerts"]] == ["gave_up"]


def test_without_an_answer_the_console_does_not_count_on_them(
    nudged: Callable[..., tuple[Page, str]], open_console: Callable[..., Page], show: Show
) -> None:
    console = open_console()
    page, incident_id = nudged(size=DESKTOP)
    console.locator(f"[data-incident='{incident_id}']").click()
    expect(console.locator("[data-mark=urged]")).to_contain_text("已询问是否出发")
    expect(console.locator("[data-mark=doubted]")).to_contain_text("不再计入")
    expect(console.locator(".timeline [data-event=doubted]")).to_have_count(1)
    expect(page.locator(".nudge .advice")).to_contain_text("已另外请人前往")
    show(page, "responder-nudge-late")
    show(console, "console-doubted")
    page.locator("[data-nudge=en_route]").click()
    expect(console.locator("[data-mark=doubted]")).to_have_count(0)
