"""The office's page: devices and their past, work orders, owners and their policy, figures, and taking lists in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.office import Office
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


def test_devices_are_listed_by_state_and_narrowed_down(
    office_page: Callable[..., Page], office: Office, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    broken = office.device("大厅", address="曙光路 73 号", serial_number="SN-77", custodian="wang")
    office.device("少儿馆")
    office.report(broken, kind="fault", code="broken")
    page = office_page(f"devices&owner_id={office.city}")
    rows = page.locator("[data-device]")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="大厅")).to_contain_text("报告故障")
    expect(page.locator(".state-count[data-state=out_of_service] strong")).to_have_text("1")
    show(page, "office-devices")
    page.locator(".state-count[data-state=out_of_service]").click()
    expect(rows).to_have_count(1)
    page.locator(".state-count[data-state='']").click()
    expect(rows).to_have_count(2)
    page.locator("#device-query").fill("SN-77")
    expect(rows).to_have_count(1)
    page.locator("#device-query").fill("没有这样的")
    expect(page.locator(".devices-room [role=status]")).to_have_text("没有符合条件的设备。")
    page.locator("#device-query").fill("")
    page.locator("#device-orders").check()
    expect(rows).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-devices")
    no_overflow(page)


def test_a_link_means_what_it_names_and_nothing_left_over(office_page: Callable[..., Page], office: Office) -> None:
    broken = office.device("大厅")
    office.device("少儿馆")
    office.report(broken, kind="fault", code="broken")
    page = office_page(f"devices&owner_id={office.city}&readiness=out_of_service")
    rows = page.locator("[data-device]")
    expect(rows).to_have_count(1)
    page.evaluate(f"location.hash = '#room=devices&owner_id={office.venue}'")
    expect(rows).to_have_count(2)
    rows.filter(has_text="大厅").locator("a").first.click()
    expect(page.locator(".device-head")).to_be_visible()
    # Back to the list as it was.
    page.locator("#to-devices").click()
    expect(rows).to_have_count(2)


def test_a_long_list_is_paged_through(office_page: Callable[..., Page], office: Office) -> None:
    for number in range(53):
        office.device(f"点位 {number:02}")
    page = office_page(f"devices&owner_id={office.venue}")
    rows = page.locator("[data-device]")
    expect(rows).to_have_count(50)
    page.locator("#more-devices").click()
    expect(rows).to_have_count(53)
    expect(page.locator("#more-devices")).to_be_hidden()
    expect(page.locator(".state-count[data-state=''] strong")).to_have_text("53")


def test_a_device_tells_its_past_and_is_edited_with_problems_at_their_fields(
    office_page: Callable[..., Page], office: Office, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    aed_id = office.device("大厅")
    office.report(aed_id, kind="inspection", outcome="ok", items=[{"item": "battery", "ok": True}])
    office.report(aed_id, kind="fault", code="broken", note="屏幕碎了")
    page = office_page(f"devices&aed={aed_id}")
    expect(page.locator(".device-head")).to_contain_text("停用：报告故障：损坏")
    past = page.locator(".past")
    expect(past).to_contain_text("正常 → 停用")
    expect(past).to_contain_text("屏幕碎了")
    expect(past).to_contain_text("电池 ✓")
    expect(page.locator("[data-order]")).to_contain_text("处理故障")
    show(page, "office-device")
    page.locator("#edit").click()
    hours = page.locator("[data-field=opening_hours]")
    hours.locator("input").fill("all day long")
    page.locator("[data-field=address] input").fill("曙光路 73 号")
    page.locator("#save").click()
    expect(hours.locator(".field-problem")).to_be_visible()
    expect(hours.locator("input")).to_have_attribute("aria-invalid", "true")
    show(page, "office-device-edit")
    hours.locator("input").fill("Mo-Fr 08:00-18:00")
    page.locator("#save").click()
    expect(page.locator(".facts")).to_contain_text("曙光路 73 号")
    expect(page.locator(".facts")).to_contain_text("Mo-Fr 08:00-18:00")
    known = office.said("GET", f"/v1/aeds/{aed_id}")
    assert (known["address"], known["opening_hours"]) == ("曙光路 73 号", "Mo-Fr 08:00-18:00")
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-device")
    no_overflow(page)


def test_a_device_is_removed_after_one_more_question(office_page: Callable[..., Page], office: Office) -> None:
    aed_id = office.device("大厅")
    page = office_page(f"devices&aed={aed_id}")
    page.locator("#remove").click()
    page.locator("dialog .button-act").click()
    expect(page.locator(".device-head [data-readiness=removed]")).to_be_visible()
    assert office.said("GET", f"/v1/aeds/{aed_id}")["readiness"] == "removed"


def test_orders_are_filtered_and_cancelled_with_a_reason(
    office_page: Callable[..., Page], office: Office, show: Show
) -> None:
    broken, used = office.device("大厅"), office.device("少儿馆")
    office.report(broken, kind="fault", code="broken")
    office.report(used, kind="used")
    page = office_page(f"orders&owner={office.city}")
    orders = page.locator("[data-order]")
    expect(orders).to_have_count(2)
    show(page, "office-orders")
    page.locator("#order-cause").select_option("used")
    expect(orders).to_have_count(1)
    page.locator("#order-overdue").check()
    expect(orders).to_have_count(0)
    page.locator("#order-overdue").uncheck()
    page.locator("[data-cancel]").click()
    page.locator("dialog .button-act").click()
    expect(page.locator("dialog")).to_be_visible()  # it asks for a reason
    page.locator("#cancel-reason").fill("设备送修")
    show(page, "office-order-cancel")
    page.locator("dialog .button-act").click()
    expect(orders).to_have_count(0)
    page.locator("#order-state").select_option("closed")
    expect(orders.first).to_contain_text("设备送修")
    (cancelled,) = office.said("GET", "/v1/work-orders", params={"aed_id": used, "state": "closed"})["orders"]
    assert cancelled["note"] == "设备送修"


def test_the_tree_shows_whose_each_value_is_and_takes_others(
    office_page: Callable[..., Page], office: Office, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    page = office_page(f"owners&owner={office.venue}")
    deadline = page.locator("[data-policy='due_within_s.fault']")
    expect(deadline).to_contain_text(f"0.5 天 · 来自 杭州市红十字会 {office.mark}")
    expect(page.locator("[data-policy=battery_low_percent]")).to_contain_text("20 % · 默认值")
    show(page, "office-owners")
    low = page.locator("[data-policy=battery_low_percent]")
    low.locator("[data-own]").check()
    low.locator("input[type=text]").fill("200")
    page.locator("#save-policy").click()
    expect(low.locator(".field-problem")).to_have_text("必须在 0 到 100 %之间。")
    show(page, "office-policy-problem")
    low.locator("input[type=text]").fill("30")
    inspect = page.locator("[data-policy=inspection_every_days]")
    inspect.locator("[data-own]").check()
    inspect.locator("input[type=text]").fill("14")
    ahead = page.locator("[data-policy=expiry_ahead_days]")
    ahead.locator("[data-own]").check()
    ahead.locator("input[type=text]").fill("60 / 30 / 10")
    page.locator("#save-policy").click()
    expect(low).to_contain_text("30 % · 在此规定")
    expect(page.locator("[data-policy=expiry_ahead_days]")).to_contain_text("60 / 30 / 10 天 · 在此规定")
    decided = office.said("GET", f"/v1/owners/{office.venue}")["policy"]
    assert decided == {"battery_low_percent": 30, "inspection_every_days": 14, "expiry_ahead_days": [60, 30, 10]}
    # Back to what is decided above.
    page.locator("[data-policy=battery_low_percent] [data-own]").uncheck()
    page.locator("#save-policy").click()
    expect(page.locator("[data-policy=battery_low_percent]")).to_contain_text("20 % · 默认值")
    assert "battery_low_percent" not in office.said("GET", f"/v1/owners/{office.venue}")["policy"]
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-owners")
    no_overflow(page)


def test_owners_are_entered_and_put_where_they_belong(office_page: Callable[..., Page], office: Office) -> None:
    page = office_page("owners")
    page.locator("#add-owner").click()
    record = page.locator(".owner-detail form").first
    record.locator("[data-field=name] input").fill(f"黄龙体育中心 {office.mark}")
    record.locator("[data-field=level] select").select_option("city")
    record.locator("[data-field=parent_id] select").select_option(office.venue)
    page.locator("#save-owner").click()
    expect(record.locator("[data-field=level] .field-problem")).to_be_visible()
    record.locator("[data-field=level] select").select_option("venue")
    record.locator("[data-field=parent_id] select").select_option(office.city)
    page.locator("#save-owner").click()
    entered = page.locator("[data-owner][aria-current=true]")
    expect(entered).to_contain_text(f"黄龙体育中心 {office.mark}")
    owner_id = entered.get_attribute("data-owner")
    assert office.said("GET", f"/v1/owners/{owner_id}")["parent_id"] == office.city


def test_figures_are_told_in_tables_and_plots_and_taken_home(
    office_page: Callable[..., Page], office: Office, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    broken = office.device("大厅")
    office.device("少儿馆")
    office.report(broken, kind="fault", code="broken")
    office.report(broken, kind="inspection", outcome="ok")
    page = office_page(f"figures&owner_id={office.city}")
    expect(page.locator("[data-figure=devices] dd")).to_have_text("2")
    expect(page.locator("[data-figure=repair] dd")).to_contain_text("分钟")
    expect(page.locator("[data-table=owners]")).to_contain_text(f"浙江图书馆 {office.mark}")
    expect(page.locator("[data-table=causes]")).to_contain_text("故障")
    expect(page.locator("[data-plot=uptime] svg[role=img]")).to_have_attribute("aria-label", "可用率")
    expect(page.locator("[data-plot=orders] rect").first).to_be_visible()
    show(page, "office-figures")
    with page.expect_download() as download:
        page.locator("[data-csv=owners]").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert f"浙江图书馆 {office.mark}" in text
    assert re.fullmatch(r"aed-owners-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    with page.expect_response("**/v1/registry/figures?*"):
        page.locator("[data-days='7']").click()
    expect(page.locator("[data-days='7']")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-language-switch]").click()
    expect(page.locator("[data-figure=uptime] dt")).to_have_text("Uptime")
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-figures-english")
    no_overflow(page)


HEADINGS = "编号,名称,地址,经度,纬度,开放时间,型号"


def listed(town: Any, *rows: str) -> bytes:
    """A list as an office keeps it; in each row, places are metres north of the town's centre."""
    lines = [HEADINGS]
    for row in rows:
        number, name, north_m = row.split(",")
        place = town.place(north_m=float(north_m))
        lines.append(f"{number},{name},文三路 {number} 号,{place['longitude']:.6f},{place['latitude']:.6f},24小时,M1")
    return "\n".join(lines).encode()


def choose(page: Page, data: bytes, source: str) -> None:
    """Pick a file, name its source, and look at what it would change."""
    page.locator("#import-file").set_input_files({"name": "清单.csv", "mimeType": "text/csv", "buffer": data})
    page.locator("#import-source").fill(source)
    page.locator("#import-try").click()
    expect(page.locator("#import-report[data-dry]")).to_be_visible()


def number_of(page: Page, name: str) -> int:
    return int(page.locator(f"[data-number={name}] dd").inner_text())


def test_a_list_is_looked_over_before_it_is_taken_in(
    office_page: Callable[..., Page], office: Office, town: Any, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    source = f"list-{office.mark}"
    page = office_page("import")
    first = listed(town, "A1,文化广场,0", "A2,体育馆,4000") + "\nA3,坏行,某地,1000,30.2,全天,M1".encode()
    choose(page, first, source)
    assert (number_of(page, "created"), number_of(page, "left_out")) == (2, 1)
    expect(page.locator(".row-notes")).to_contain_text("1000")
    assert office.said("GET", "/v1/registry/devices", params={"q": "文三路 A1"})["devices"] == []
    show(page, "office-import-dry-run")
    page.locator("#import-do").click()
    expect(page.locator(".done")).to_contain_text("新增 2 台")
    second = first.replace("体育馆".encode(), "体育中心".encode())
    choose(page, second, source)
    assert (number_of(page, "created"), number_of(page, "updated"), number_of(page, "unchanged")) == (0, 1, 1)
    row = page.locator("[data-what=update]")
    expect(row).to_contain_text("体育馆")
    expect(row.locator("del")).to_have_text("体育馆")
    expect(row.locator("ins")).to_have_text("体育中心")
    show(page, "office-import-difference")
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-import-difference")
    no_overflow(page)
    page.locator("#import-do").click()
    expect(page.locator(".done")).to_contain_text("修改 1 台")


def test_what_was_looked_over_is_not_taken_in_another_way(
    office_page: Callable[..., Page], office: Office, town: Any
) -> None:
    page = office_page("import")
    choose(page, listed(town, "C1,文化广场,0"), f"list-{office.mark}")
    expect(page.locator("#import-do")).to_be_visible()
    page.locator("#import-gone").check()
    expect(page.locator("#import-do")).to_have_count(0)
    expect(page.locator("#import-report")).to_have_count(0)
    page.locator("#import-try").click()
    expect(page.locator("#import-do")).to_be_visible()
    page.locator("#import-datum").select_option("gcj02")
    expect(page.locator("#import-do")).to_have_count(0)


def test_what_looks_like_a_mistake_is_said_plainly_and_taken_only_after_reading(
    office_page: Callable[..., Page], office: Office, town: Any, show: Show
) -> None:
    source = f"list-{office.mark}"
    rows = [f"B{number:02},点位{number:02},{number * 150}" for number in range(12)]
    page = office_page("import")
    choose(page, listed(town, *rows), source)
    page.locator("#import-do").click()
    expect(page.locator(".done")).to_be_visible()
    # The same places, read as if they were GCJ-02: all of them move by the same few hundred metres.
    page.locator("#import-datum").select_option("gcj02")
    choose(page, listed(town, *rows), source)
    doubt = page.locator("[data-suspicion=wrong_datum]")
    expect(doubt).to_contain_text("按 WGS-84 读取则都在原处")
    force = page.locator("#import-do")
    expect(force).to_have_text("仍然导入")
    expect(force).to_be_disabled()
    show(page, "office-import-suspicious")
    # As advised.
    page.locator("#import-datum").select_option("wgs84")
    choose(page, listed(town, *rows), source)
    expect(page.locator(".suspicions")).to_have_count(0)
    # Half of it is gone: read, and insisted upon.
    choose(page, listed(town, *rows[:4]), source)
    expect(page.locator("[data-suspicion=half_gone]")).to_contain_text("其中 8 台不在新清单里")
    page.locator("#import-read").check()
    page.locator("#import-do").click()
    expect(page.locator(".done")).to_be_visible()


def test_a_file_that_cannot_be_read_is_said_so(office_page: Callable[..., Page]) -> None:
    page = office_page("import", language="en-GB")
    page.locator("#import-file").set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": b"\x00\x01\x02"})
    page.locator("#import-try").click()
    expect(page.locator(".import-room [role=alert]")).to_contain_text("Not done")


def test_what_comes_from_the_network_is_never_markup(office_page: Callable[..., Page], office: Office) -> None:
    hostile = "<img src=x onerror=document.title='owned'>"
    aed_id = office.device(hostile)
    office.report(aed_id, kind="fault", code="broken", note=hostile)
    page = office_page(f"devices&aed={aed_id}")
    expect(page.locator(".past")).to_contain_text(hostile)
    expect(page.locator(".device-head h2")).to_contain_text(hostile)
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "owned"


def test_only_the_office_comes_in(open_page: OpenPage, live_service: Any) -> None:
    page = open_page(f"/office#token={live_service.token('custodian', 'wang')}", size=DESKTOP)
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("没有办公室的权限")
    page.locator("#token").fill("nonsense")
    page.locator("#sign-in button").click()
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")
    page.locator("#token").fill(live_service.token("admin", "li"))
    page.locator("#sign-in button").click()
    expect(page.locator("[aria-current=page]")).to_have_text("设备")
    page.locator("#sign-out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    assert until(page, lambda: page.evaluate("localStorage.getItem('token:office') === null"))
