"""What an operator must not overlook: wake-ups not sent, deadlines passed over, people who cannot be reached."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.client import connect

from tests.browser.between import Line, Message, through
from tests.browser.conftest import DESKTOP, at_rest
from tests.browser.services import OwnService, own_service
from tests.push.receiving import Answer, Device, Listener

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]


class Overdue(Line):
    """A service that says so many deadlines were passed over."""

    count = 0

    def to_page(self, message: Message) -> None:
        if message["type"] == "picture":
            message["counts"]["overdue"] = self.count
        super().to_page(message)


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("alarms"), push_allow_private="true") as service:
        yield service


@pytest.fixture
def undeliverable(live_service: OwnService, push_service: Listener, town: Any) -> Callable[[str], None]:
    """Somebody's test alert that their push service refuses for good."""

    def tried(name: str) -> None:
        push_service.default = Answer(400)
        responder_id = town.add_responder(name)
        with live_service.client("responder", responder_id) as client:
            subscription = {"endpoint": f"{push_service.origin}/{responder_id}", "keys": Device().keys}
            client.put("/v1/responders/me/push-subscription", json=subscription).raise_for_status()
            client.post("/v1/responders/me/test-alert").raise_for_status()

    return tried


def test_wake_ups_that_were_not_sent_are_an_alarm_with_a_list(
    undeliverable: Callable[[str], None],
    push_service: Listener,
    open_console: Callable[..., Page],
    show: Show,
) -> None:
    console = open_console(size=DESKTOP)
    expect(console.locator("[data-alarm]")).to_have_count(0)
    undeliverable("孙悦")
    undeliverable("钱进")
    alarm = console.locator("[data-alarm=dead_letters]")
    expect(alarm).to_contain_text("2 条唤醒未能送出")
    show(console, "console-dead-letters-alarm")
    console.locator("#show-letters").click()
    letters = console.locator("[data-letter]")
    expect(letters).to_have_count(2)
    expect(letters.first).to_contain_text("推送通知")
    expect(letters.first).to_contain_text("400")
    expect(letters.first).to_contain_text("试过 1 次")
    show(console, "console-dead-letters")
    letters.filter(has_text="孙悦").locator("[data-letter-action=dismiss]").click()
    expect(letters).to_have_count(1)
    push_service.default = Answer(201)
    letters.locator("[data-letter-action=retry]").click()
    expect(letters).to_have_count(0)
    expect(console.locator(".letters-dialog")).to_contain_text("没有了")
    console.locator("#letters-close").click()
    expect(alarm).to_have_count(0)


def test_the_list_on_a_phone_in_english(
    undeliverable: Callable[[str], None],
    open_console: Callable[..., Page],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    undeliverable("欧阳一个名字特别长的救护员")
    console = open_console(language="en-GB")
    expect(console.locator("[data-alarm=dead_letters]")).to_contain_text("1 wake-up could not be sent")
    show(console, "console-dead-letters-alarm")
    no_overflow(console)
    console.locator("#show-letters").click()
    expect(console.locator("[data-letter]")).to_contain_text("Test alert")
    show(console, "console-dead-letters")
    console.locator("[data-letter-action=dismiss]").click()
    expect(console.locator("[data-letter]")).to_have_count(0)


def test_deadlines_passed_over_are_an_alarm(
    open_console: Callable[..., Page],
    show: Show,
    no_overflow: Callable[[Page], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Overdue, "count", 3)
    console = open_console(prepare=through(Overdue))
    expect(console.locator("[data-alarm=overdue]")).to_contain_text("3 个到期事项无人处理")
    show(console, "console-overdue")
    no_overflow(console)
    monkeypatch.setattr(Overdue, "count", 0)
    expect(console.locator("[data-alarm=overdue]")).to_have_count(0)


def test_who_cannot_be_reached_is_drawn_as_a_ring_and_counted(
    open_console: Callable[..., Page], on_duty: Callable[..., Page], live_service: OwnService, town: Any, show: Show
) -> None:
    on_duty("王芳", north_m=200, east_m=150)
    for number in range(3):
        _was_heard_long_ago(live_service, town, f"失联{number}", north_m=-100 * number, east_m=-150)
    town.sos()
    console = open_console(size=DESKTOP)
    legend = console.locator("#legend")
    console.locator("[data-incident]").first.click()
    expect(console.locator(".alerts")).to_contain_text("王芳")
    expect(console.locator(".alerts")).not_to_contain_text("失联")
    at_rest(console, "#map")
    expect(legend).to_contain_text("联系不上 3")
    show(console, "console-unreachable")
    console.locator("[data-language-switch]").click()
    expect(legend).to_contain_text("Cannot be reached 3")


def _was_heard_long_ago(service: OwnService, town: Any, name: str, **where: float) -> None:
    """A first-aider on duty whose phone was last heard minutes ago, and has no other way to be woken."""
    responder_id = town.add_responder(name)
    place = town.place(**where)
    at = datetime.now(UTC) - timedelta(minutes=4)
    with connect(service.url.replace("http", "ws", 1) + "/v1/stream") as socket:
        for message in (
            {"type": "hello", "token": service.token("responder", responder_id)},
            {"type": "duty", "on_duty": True},
            {"type": "position", "latitude": place["latitude"], "longitude": place["longitude"], "at": at.isoformat()},
            {"type": "ping"},
        ):
            socket.send(json.dumps(message))
        while json.loads(socket.recv(timeout=10))["type"] != "pong":
            pass
