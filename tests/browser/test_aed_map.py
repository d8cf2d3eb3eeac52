"""The public AED map."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser


def test_the_map_lists_the_nearest_usable_aeds_and_tells_all_of_one(
    open_page: Callable[..., Page], town: Any, show: Callable[[Page, str], None]
) -> None:
    town.add_aed("文化广场", north_m=200, east_m=80, floor=2, address="文三路 1 号")
    town.add_aed(
        "体育馆", north_m=-500, east_m=-300, access="ask", opening_hours="Mo-Fr 00:00-24:00; Sa-Su 00:00-24:00"
    )
    page = open_page("/map", place=town.place(), size={"width": 1440, "height": 900})
    expect(page.locator("#nearest-title")).to_have_text("离我最近")
    items = page.locator("#nearest strong")
    expect(items.nth(0)).to_have_text("文化广场")
    expect(items.nth(1)).to_have_text("体育馆")
    expect(page.locator("#nearest")).to_contain_text("周一至周五 00:00-24:00")
    at_rest(page, "#map")
    show(page, "aed-map")
    page.locator("#nearest button").first.click()
    expect(page.locator(".details-card h2")).to_have_text("文化广场")
    expect(page.locator(".details-card")).to_contain_text("文三路 1 号")
    expect(page.locator(".details-card")).to_contain_text("2 层")
    expect(page.locator(".details-card a[href^='geo:']")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(page, "#map")
    show(page, "aed-map")
    page.locator("[data-language-switch]").click()
    expect(page.locator("#nearest-title")).to_have_text("Nearest to me")


def test_only_usable_leaves_out_the_rest(open_page: Callable[..., Page], town: Any) -> None:
    town.add_aed("全天开放", north_m=100, east_m=0)
    town.add_aed("从不开放", north_m=-100, east_m=0, opening_hours="off")
    page = open_page("/map", place=town.place(), size={"width": 1200, "height": 800})
    expect(page.locator("#nearest strong").first).to_have_text("全天开放")
    expect(page.locator("#nearest")).not_to_contain_text("从不开放")
    expect(page.locator("#map")).to_have_attribute("data-drawn", "2")
    page.locator("#only-usable").check()
    expect(page.locator("#map")).to_have_attribute("data-drawn", "1")
