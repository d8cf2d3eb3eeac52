"""Two calls for one emergency: shown side by side, merged with one confirmation, both callers told."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.between import Line, Message, through
from tests.browser.conftest import DESKTOP, NARROWEST

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]


class PictureFirst(Line):
    """A picture in which an incident is no longer open arrives ahead of the word of its end."""

    full: Message | None = None

    def to_page(self, message: Message) -> None:
        if message["type"] == "picture" and message["full"]:
            self.full = message
        if message["type"] == "incident" and message["state"] == "cancelled" and self.full is not None:
            rest = [each for each in self.full["incidents"] if each["incident_id"] != message["incident_id"]]
            super().to_page(self.full | {"incidents": rest})
        super().to_page(message)


@pytest.fixture
def two_calls(
    open_caller: Callable[..., Page], on_duty: Callable[..., Page], hold_sos: Callable[[Page], None], town: Any
) -> Callable[[], tuple[Page, Page, str, str]]:
    """A caller's page, the page of who is on the way there, and, 18 m from it, another call with a note."""

    def called() -> tuple[Page, Page, str, str]:
        helper = on_duty("王芳", north_m=150, east_m=0)
        caller = open_caller(north_m=18)
        hold_sos(caller)
        expect(caller.locator("#cancel")).to_be_visible()
        (first,) = town.incidents_here()
        helper.locator("#accept").click()
        expect(helper.locator("#patient")).to_be_visible()
        second = town.sos(note="东门进，电梯左侧", floor=3, caller={"phone": "13900000000"})
        return caller, helper, first["incident_id"], second["incident_id"]

    return called


def test_both_are_compared_merged_and_marked(
    two_calls: Callable[[], tuple[Page, Page, str, str]], open_console: Callable[..., Page], show: Show
) -> None:
    caller, helper, first, second = two_calls()
    console = open_console(size=DESKTOP)
    # The older one was never told of the newer; the console knows of both all the same.
    console.locator(f"[data-incident='{first}']").click()
    expect(console.locator(f"[data-twin='{second}']")).to_contain_text("相距 18 米")
    show(console, "console-twin-line")
    console.locator(f"[id='compare-{second}']").click()
    mine, other = (console.locator(f"[data-twin-column='{each}']") for each in (first, second))
    expect(mine).to_contain_text("王芳 · 心肺复苏")
    expect(other).to_contain_text("3 层 · 东门进，电梯左侧")
    expect(other.locator("a[href='tel:13900000000']")).to_be_visible()
    expect(other).to_contain_text("无人")
    left, right = mine.bounding_box(), other.bounding_box()
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    show(console, "console-twins")
    console.locator(f"[id='merge-{first}']").click()
    expect(console.locator("dialog[open]").last).to_contain_text("此操作不能撤销")
    show(console, "console-merge-confirm")
    console.locator("dialog[open]").last.locator(".button-strong").click()
    expect(console.locator("dialog")).to_have_count(0)

    expect(console.locator(".detail-head")).to_contain_text(second[-4:].upper())
    expect(console.locator(f".facts [data-goto='{first}']")).to_be_visible()
    expect(console.locator(".timeline [data-event=joined]")).to_contain_text(first[-4:].upper())
    expect(console.locator(".alerts")).to_contain_text("王芳")
    console.locator("#show-ended").check()
    expect(console.locator(f"[data-incident='{first}']")).to_contain_text(f"已并入 #{second[-4:].upper()}")
    expect(console.locator(f"[data-incident='{second}']")).to_contain_text(f"含 #{first[-4:].upper()}")
    show(console, "console-merged")
    console.locator(f"[data-incident='{first}']").click()
    expect(console.locator(".timeline [data-event=merged]")).to_contain_text(second[-4:].upper())

    # Whoever is on the way goes on there, and is told to stop nowhere.
    expect(helper.locator("#patient")).to_contain_text("东门进，电梯左侧")
    expect(helper.locator("dialog")).to_have_count(0)

    expect(caller.locator("[data-quiet=merged]")).to_contain_text("救护员正为两边一起赶来")
    expect(caller.locator(".status h2")).to_have_text("有人赶来")
    show(caller, "caller-merged")
    caller.locator("#cancel").click()
    caller.get_by_role("button", name="误触").click()
    expect(caller.locator("dialog[open]")).to_contain_text("救护员正为两边一起赶来")
    show(caller, "caller-merged-cancel")
    caller.locator("dialog[open] .button").click()
    expect(caller.locator("#cancel")).to_be_visible()


def test_on_a_phone_they_stand_below_each_other_and_may_stay_apart(
    two_calls: Callable[[], tuple[Page, Page, str, str]], open_console: Callable[..., Page], town: Any, show: Show
) -> None:
    _caller, _helper, first, second = two_calls()
    console = open_console(language="en-GB")
    row = console.locator(f"[data-incident='{second}']")
    expect(row).to_contain_text("Duplicate?")
    show(console, "console-twin-list")
    row.click()
    expect(console.locator(f"[data-twin='{first}']")).to_contain_text("Likely the same emergency")
    show(console, "console-twin-line")
    console.locator(f"[id='compare-{first}']").click()
    mine = console.locator(f"[data-twin-column='{second}']").bounding_box()
    other = console.locator(f"[data-twin-column='{first}']").bounding_box()
    assert mine is not None
    assert other is not None
    assert mine["y"] + mine["height"] <= other["y"]
    show(console, "console-twins")
    console.set_viewport_size({"width": NARROWEST, "height": 740})
    assert console.evaluate("(d => d.scrollWidth - d.clientWidth)(document.querySelector('dialog.twins'))") <= 0
    console.locator("#twins-close").click()
    expect(console.locator("dialog")).to_have_count(0)
    assert {each["state"] for each in town.incidents_here()} == {"responding", "open"}


@pytest.mark.parametrize("line", [Line, PictureFirst])
def test_what_others_have_merged_meanwhile_is_said(
    two_calls: Callable[[], tuple[Page, Page, str, str]],
    open_console: Callable[..., Page],
    town: Any,
    line: type[Line],
) -> None:
    _caller, _helper, first, second = two_calls()
    console = open_console(size=DESKTOP, prepare=through(line))
    console.locator(f"[data-incident='{second}']").click()
    console.locator(f"[id='compare-{first}']").click()
    town.say(second, "merge", into=first)
    expect(console.locator("dialog.twins [role=status]")).to_contain_text("已经结束或已合并")
    expect(console.locator("dialog.twins [id^=merge-]")).to_have_count(0)
    console.locator("#twins-close").click()
    console.locator(f".facts [data-goto='{first}']").click()
    expect(console.locator(f".facts [data-goto='{second}']")).to_be_visible()
