"""The runner stands before an AED that cannot be had: said in one tap, and sent elsewhere at once."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, at_rest

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]
FIRST = "市民中心南门"
SECOND = "青少年宫"


@pytest.fixture
def runner(on_duty: Callable[..., Page], town: Any) -> Callable[..., tuple[Page, str]]:
    """Somebody on the way to fetch the first of two AEDs, beside a helper at the patient; with the incident."""

    def under_way(**options: Any) -> tuple[Page, str]:
        town.add_aed(FIRST, north_m=420, east_m=-300)
        town.add_aed(SECOND, north_m=380, east_m=-200)
        helper = on_duty("王芳", north_m=120, east_m=60)
        page = on_duty("李强", north_m=500, east_m=-380, **options)
        incident_id = town.sos()["incident_id"]
        helper.locator("#accept").click()
        expect(helper.locator("#patient")).to_be_visible()
        page.locator("#accept").click()
        expect(page.locator(".stop h3").first).to_have_text(FIRST)
        return page, incident_id

    return under_way


def test_a_missing_aed_is_replaced_by_another_and_then_by_none(
    runner: Callable[..., tuple[Page, str]],
    open_console: Callable[..., Page],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    page, incident_id = runner()
    page.locator("[data-stage=en_route]").click()
    page.locator(".problems").evaluate("row => row.scrollIntoView({block: 'end'})")
    show(page, "responder-aed-problem")
    no_overflow(page)
    page.locator("[data-problem=missing]").click()
    expect(page.locator("dialog[open]")).to_contain_text("确认上报：找不到？")
    show(page, "responder-aed-problem-confirm")
    page.locator("dialog[open] .button-act").click()
    expect(page.locator("[data-change=other_aed]")).to_contain_text(f"改去这里取：{SECOND}")
    expect(page.locator(".stop h3").first).to_have_text(SECOND)
    page.evaluate("scrollTo(0, 0)")
    at_rest(page, ".assignment-map")
    show(page, "responder-other-aed")
    no_overflow(page)
    page.locator("#change-seen").click()
    expect(page.locator(".route-change")).to_have_count(0)
    page.evaluate("scrollTo(0, 300)")

    page.locator("[data-problem=locked]").click()
    page.locator("dialog[open] .button-act").click()
    expect(page.locator("[data-change=straight]")).to_contain_text("请直接去患者处")
    expect(page.locator("[data-problem]")).to_have_count(0)
    expect(page.locator(".stop")).to_have_count(1)
    show(page, "responder-straight-to-the-patient")

    console = open_console(size=DESKTOP)
    console.locator(f"[data-incident='{incident_id}']").click()
    lost = console.locator(".timeline [data-event=aed_lost]")
    expect(lost).to_have_count(2)
    expect(lost.last).to_contain_text(f"{FIRST} · 找不到 · 李强 上报")
    show(console, "console-aed-lost")


def test_in_english_and_on_a_desktop_and_only_broken_once_it_is_in_hand(
    runner: Callable[..., tuple[Page, str]], show: Show
) -> None:
    page, _incident_id = runner(language="en-GB", size=DESKTOP)
    expect(page.locator(".problems")).to_contain_text("Can't get this AED?")
    show(page, "responder-aed-problem")
    for stage in ("en_route", "aed_collected"):
        page.locator(f"[data-stage={stage}]").click()
    expect(page.locator("[data-stage=on_scene]")).to_be_visible()
    expect(page.locator("[data-problem]")).to_have_count(1)
    page.locator("[data-problem=broken]").click()
    expect(page.locator("dialog[open]")).to_contain_text("Report this AED: Broken?")
    page.locator("dialog[open] .button").last.click()
    expect(page.locator("[data-problem=broken]")).to_be_visible()
