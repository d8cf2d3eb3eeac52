"""The public map: what can be had now, search, details in one tap, and a word about what is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, at_rest
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]

OPEN_NOW = "Mo-Fr 00:00-24:00; Sa-Su 00:00-24:00"


def counted(page: Page, name: str) -> int:
    """What the map says of itself: how many devices it has drawn singly, or in clusters."""
    return int(page.locator("#map").get_attribute(f"data-{name}") or 0)


def drawn_at_last(page: Page, count: int) -> None:
    """Hours are read a moment after a device is entered, and tiles are fetched anew every half minute at the latest."""
    until(page, lambda: counted(page, "drawn"), lambda drawn: drawn == count)


def test_the_map_lists_the_nearest_usable_aeds_and_tells_all_of_one(
    open_page: OpenPage, town: Any, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    town.add_aed("文化广场", north_m=200, east_m=80, floor=2, address="文三路 1 号", phone="0571-12345")
    town.add_aed("体育馆", north_m=-500, east_m=-300, access="ask", opening_hours=OPEN_NOW)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    expect(page.locator("#nearest-title")).to_have_text("离我最近")
    items = page.locator("#nearest strong")
    expect(items.nth(0)).to_have_text("文化广场")
    expect(items.nth(1)).to_have_text("体育馆")
    expect(page.locator("#nearest")).to_contain_text("周一至周五 00:00-24:00")
    drawn_at_last(page, 2)
    at_rest(page, "#map")
    show(page, "map-nearest")
    page.locator("#nearest button").first.click()
    card = page.locator(".details-card")
    expect(card.locator("h2")).to_have_text("文化广场")
    expect(card).to_contain_text("文三路 1 号")
    expect(card).to_contain_text("2 层")
    expect(card.locator("[data-sign=unchecked]")).to_contain_text("现在可用，状态待核实")
    expect(card.locator("a[href^='geo:']")).to_be_visible()
    expect(card.locator("a[href^='https://uri.amap.com']")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(page, "#map")
    show(page, "map-details")
    no_overflow(page)
    page.locator("[data-language-switch]").click()
    expect(page.locator("#nearest-title")).to_have_text("Nearest to me")
    expect(card.locator("[data-sign=unchecked]")).to_contain_text("Usable now, not verified")
    show(page, "map-details-english")


def test_a_tap_on_the_map_opens_a_device_and_escape_shuts_it(open_page: OpenPage, town: Any) -> None:
    town.add_aed("文化广场", north_m=0, east_m=0)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    drawn_at_last(page, 1)
    at_rest(page, "#map")
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".details-card h2")).to_have_text("文化广场")
    assert re.search(r"#aed=[0-9a-f-]{36}$", page.url)
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    assert "#aed" not in page.url


def test_several_in_one_spot_can_each_be_chosen(open_page: OpenPage, town: Any, show: Show) -> None:
    town.add_aed("一楼", north_m=0, east_m=0)
    town.add_aed("三楼", north_m=0, east_m=0, opening_hours="off")
    page = open_page("/map", place=town.place())
    drawn_at_last(page, 2)
    at_rest(page, "#map")
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".details-card h2")).to_have_text("此处有 2 台")
    show(page, "map-several")
    page.locator(".details-card [data-aed]", has_text="三楼").click()
    expect(page.locator(".details-card h2")).to_have_text("三楼")
    expect(page.locator("[data-sign=no]").first).to_contain_text("不可用")


def test_it_says_when_a_place_opens_and_when_it_closes(open_page: OpenPage, town: Any) -> None:
    closed = town.add_aed("明年才开", north_m=0, east_m=0, opening_hours="2027 Jan 01-2027 Dec 31 08:00-18:00")
    page = open_page(f"/map#aed={closed}", place=town.place(), size=DESKTOP)
    expect(page.locator(".details-card [data-sign=later]")).to_contain_text("开放")
    page.goto("about:blank")
    unknown = town.add_aed("没有时间", north_m=50, east_m=0, opening_hours=None)
    page.goto(f"/map#aed={unknown}")
    expect(page.locator(".details-card [data-sign=unknown]")).to_contain_text("开放时间不详")


def test_the_map_is_narrowed_down(open_page: OpenPage, town: Any, show: Show) -> None:
    town.add_aed("全天开放", north_m=100, east_m=0)
    town.add_aed("从不开放", north_m=-100, east_m=0, opening_hours="off")
    town.add_aed("室外柜", north_m=0, east_m=150, indoor=False, access="ask")
    page = open_page("/map", place=town.place(), size=DESKTOP)
    expect(page.locator("#nearest")).not_to_contain_text("从不开放")
    drawn_at_last(page, 3)
    usable, outdoor = page.locator("[data-choice=usable]"), page.locator("[data-choice=outdoor]")
    usable.click()
    expect(usable).to_have_attribute("aria-pressed", "true")
    drawn_at_last(page, 2)
    outdoor.click()
    drawn_at_last(page, 1)
    at_rest(page, "#map")
    show(page, "map-narrowed")
    usable.click()
    outdoor.click()
    drawn_at_last(page, 3)


def test_far_out_devices_are_clusters_that_open(open_page: OpenPage, town: Any, show: Show) -> None:
    for number in range(6):
        town.add_aed(f"点位 {number}", north_m=60 * number, east_m=0)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    drawn_at_last(page, 6)
    for _ in range(4):
        page.locator(".maplibregl-ctrl-zoom-out").click()
        at_rest(page, "#map")
    until(page, lambda: counted(page, "clustered"), lambda clustered: clustered == 6)
    assert counted(page, "clusters") <= 2
    show(page, "map-clusters")
    # The middle of the view is the first device: its cluster is within a cell of it.
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    offsets = [(x, y) for y in range(-60, 61, 15) for x in range(-60, 61, 15)]
    for dx, dy in sorted(offsets, key=lambda each: abs(each[0]) + abs(each[1])):
        page.mouse.move(middle_x + dx, middle_y + dy)
        if page.evaluate("document.querySelector('#map canvas').style.cursor") == "pointer":
            page.mouse.click(middle_x + dx, middle_y + dy)
            break
    until(page, lambda: counted(page, "clustered"), lambda clustered: clustered == 0)
    assert counted(page, "drawn") == 6


def test_search_finds_by_name_and_by_address_with_the_keyboard_too(open_page: OpenPage, town: Any, show: Show) -> None:
    town.add_aed("望江门社区卫生站", north_m=800, east_m=0, address="候潮路 88 号")
    town.add_aed("望江门地铁站", north_m=100, east_m=0)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    # Where this phone is, is known: the nearest come first.
    expect(page.locator("#nearest-title")).to_have_text("离我最近")
    field, found = page.locator("#search"), page.locator("#found li")
    field.fill("望江门")
    expect(found).to_have_count(2)
    expect(found.first).to_contain_text("望江门地铁站")
    expect(field).to_have_attribute("aria-expanded", "true")
    show(page, "map-search")
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(found.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(page.locator(".details-card h2")).to_have_text("望江门社区卫生站")
    expect(page.locator("#found")).to_be_hidden()
    field.fill("候潮路")
    expect(found).to_have_count(1)
    field.fill("没有这样的地方")
    expect(page.locator("#found .note")).to_have_text("没有找到。")
    field.press("Escape")
    expect(page.locator("#found")).to_be_hidden()


def test_letters_on_their_way_to_become_chinese_are_not_looked_for(open_page: OpenPage, town: Any) -> None:
    town.add_aed("江干图书馆", north_m=800, east_m=0)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/aeds/search" in request.url else None)
    page.locator("#search").focus()
    keyboard = page.context.new_cdp_session(page)
    for letters in ("tu", "tushu", "tushuguan"):
        keyboard.send("Input.imeSetComposition", {"text": letters, "selectionStart": 0, "selectionEnd": len(letters)})
    # To choose among the input method's own proposals.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert asked == []
    expect(page.locator("#details")).to_be_hidden()
    page.locator("#search").fill("")
    keyboard.send("Input.imeSetComposition", {"text": "tushuguan", "selectionStart": 0, "selectionEnd": 9})
    keyboard.send("Input.insertText", {"text": "江干图书馆"})
    expect(page.locator("#found li")).to_contain_text("江干图书馆")


def test_enter_takes_what_is_typed_and_not_what_was_listed_before(open_page: OpenPage, town: Any) -> None:
    town.add_aed("凤起路站点", north_m=100, east_m=0)
    town.add_aed("龙翔桥站点", north_m=300, east_m=0)
    page = open_page("/map", place=town.place(), size=DESKTOP)
    field = page.locator("#search")
    field.fill("凤起路")
    expect(page.locator("#found li")).to_contain_text("凤起路站点")
    field.fill("龙翔桥")
    field.press("Enter")
    expect(page.locator(".details-card h2")).to_have_text("龙翔桥站点")


def test_the_way_is_shown_by_a_map_that_knows_it(open_page: OpenPage, town: Any, live_service: Any) -> None:
    at_home = town.add_aed("文化广场", north_m=0, east_m=0)
    page = open_page(f"/map#aed={at_home}", place=town.place(), size=DESKTOP)
    amap = page.locator("[data-way=amap]")
    expect(amap).to_have_attribute("href", re.compile(r"coordinate=wgs84"))
    london = {"name": "Library", "location": {"latitude": 51.53, "longitude": -0.127}, "access": "public"}
    abroad = live_service.admin.post("/v1/aeds", json=london).json()["id"]
    page.evaluate(f"location.hash = '#aed={abroad}'")
    expect(page.locator("[data-way=google]")).to_have_attribute("href", re.compile(r"destination=51\.53"))
    expect(amap).to_have_count(0)
    live_service.admin.delete(f"/v1/aeds/{abroad}")


def test_hours_are_told_by_the_clock_of_the_place_and_links_are_what_they_seem(open_page: OpenPage, town: Any) -> None:
    aed_id = town.add_aed("文化广场", north_m=0, east_m=0, phone="0571-87988577 转 8001")

    def elsewhere(route: Route) -> None:
        told = route.fetch().json() | {
            "usable_now": False, "next_change_at": "2031-03-02T16:00:00Z", "timezone": "Asia/Tokyo",
            "photos": ["https://example.org/a.jpg", "javascript:alert(1)"],
        }  # fmt: skip
        route.fulfill(json=told)

    page = open_page(
        f"/map#aed={aed_id}", place=town.place(), size=DESKTOP,
        prepare=lambda page: page.route(re.compile(rf"/v1/aeds/{aed_id}$"), elsewhere),
    )  # fmt: skip
    expect(page.locator(".usability")).to_contain_text(re.compile("2031年3月3日.*01:00"))
    expect(page.locator(".photos a")).to_have_count(1)
    expect(page.locator(".details-card a[href='tel:057187988577']")).to_be_visible()


def test_one_in_a_car_is_nothing_to_run_to(open_page: OpenPage, town: Any) -> None:
    aed_id = town.add_aed("出租车", north_m=0, east_m=0, is_mobile=True)
    page = open_page(f"/map#aed={aed_id}", place=town.place(), size=DESKTOP)
    expect(page.locator(".usability[data-sign=no]")).to_be_visible()
    expect(page.locator(".details-card")).to_contain_text("最后位置时间")
    expect(page.locator(".details-card .links")).to_have_count(0)


def test_it_says_when_the_nearest_cannot_be_told(open_page: OpenPage, town: Any) -> None:
    town.add_aed("文化广场", north_m=200, east_m=80)
    page = open_page(
        "/map", place=town.place(), size=DESKTOP,
        prepare=lambda page: page.route("**/v1/aeds/nearest?*", lambda route: route.abort()),
    )  # fmt: skip
    expect(page.locator("#nearest-failed")).to_be_visible()
    page.unroute("**/v1/aeds/nearest?*")
    expect(page.locator("#nearest strong").first).to_have_text("文化广场")
    expect(page.locator("#nearest-failed")).to_be_hidden()


def test_a_link_opens_the_device_that_it_names(open_page: OpenPage, town: Any) -> None:
    aed_id = town.add_aed("链接里的设备", north_m=3000, east_m=0)
    page = open_page(f"/map#aed={aed_id}", place=town.place(), size=DESKTOP)
    expect(page.locator(".details-card h2")).to_have_text("链接里的设备")
    drawn_at_last(page, 1)
    other = town.add_aed("另一台", north_m=3050, east_m=0)
    page.evaluate(f"location.hash = '#aed={other}'")
    expect(page.locator(".details-card h2")).to_have_text("另一台")


def test_anybody_reports_a_problem_in_two_taps_and_sees_what_follows(
    open_page: OpenPage, town: Any, show: Show, live_service: Any
) -> None:
    aed_id = town.add_aed("文化广场", north_m=0, east_m=0)
    checked = live_service.admin.post(f"/v1/aeds/{aed_id}/reports", json={"kind": "inspection", "outcome": "ok"})
    assert checked.is_success
    page = open_page(f"/map#aed={aed_id}", place=town.place())
    expect(page.locator(".details-card [data-sign=now]")).to_be_visible()
    page.locator("#report").click()
    page.locator("#report-note").fill("柜子是空的")
    show(page, "map-report")
    page.get_by_role("button", name="找不到").click()
    expect(page.locator(".reported")).to_contain_text("谢谢")
    # It is in doubt, and not taken out by one stranger's word.
    expect(page.locator(".details-card [data-sign=unchecked]")).to_be_visible()
    show(page, "map-reported")
    history = live_service.admin.get(f"/v1/aeds/{aed_id}/history").json()
    assert history["reports"][0]["by"] == "public"
    assert history["reports"][0]["data"]["note"] == "柜子是空的"


def test_a_report_that_is_not_taken_is_not_thanked_for(open_page: OpenPage, town: Any) -> None:
    aed_id = town.add_aed("文化广场", north_m=0, east_m=0)
    page = open_page(f"/map#aed={aed_id}", place=town.place(), language="en-GB")
    body = '{"type":"x","title":"Too many requests","status":429,"detail":"","code":"too_many_requests","errors":[]}'
    page.route("**/reports", lambda route: route.fulfill(status=429, body=body))
    page.locator("#report").click()
    page.get_by_role("button", name="Locked").click()
    expect(page.locator("#map-note")).to_contain_text("too many reports have come from here")
    expect(page.locator(".reported")).to_have_count(0)


def test_a_tile_that_fails_is_tried_again(open_page: OpenPage, town: Any) -> None:
    town.add_aed("文化广场", north_m=0, east_m=0)
    # Failing until its word was seen: a count would let a fast page be whole again before anyone looked.
    tiles = {"fail": True}

    def failing(route: Route) -> None:
        if tiles["fail"]:
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page = open_page(
        "/map", place=town.place(), prepare=lambda page: page.route(re.compile(r"/v1/aeds/tiles/"), failing)
    )
    # The list does not depend on tiles.
    expect(page.locator("#nearest strong").first).to_have_text("文化广场")
    expect(page.locator("#map-note")).to_contain_text("正在重试")
    tiles["fail"] = False
    drawn_at_last(page, 1)
    expect(page.locator("#map-note")).to_be_hidden()


def test_names_from_the_register_are_never_markup(open_page: OpenPage, town: Any) -> None:
    hostile = "<img src=x onerror=document.title='owned'>"
    aed_id = town.add_aed(hostile, north_m=0, east_m=0, address=hostile)
    page = open_page(f"/map#aed={aed_id}", place=town.place(), size=DESKTOP)
    expect(page.locator(".details-card h2")).to_have_text(hostile)
    page.locator("#search").fill("img src")
    expect(page.locator("#found li").first).to_contain_text(hostile)
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "owned"


def test_the_open_data_can_be_had(open_page: OpenPage, town: Any) -> None:
    town.add_aed("公开数据里的设备", north_m=0, east_m=0, serial_number="SECRET-1", custodian="wang")
    page = open_page("/map", place=town.place(), size=DESKTOP)
    for name in ("CSV", "GeoJSON"):
        link = page.locator(".open-data a", has_text=name)
        answer = page.request.get(str(link.get_attribute("href")))
        assert answer.ok
        assert "SECRET-1" not in answer.text()
