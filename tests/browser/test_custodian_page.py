"""The custodian's page: what is due, an inspection in three taps, absence, and signing in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.custodian import Custodian, days_from_today
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


def test_what_is_due_comes_first_and_an_inspection_takes_three_taps(
    custodian_page: Callable[..., Page], custodian: Custodian, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    broken = custodian.device("浙江图书馆少儿馆")
    soon = custodian.device("浙江图书馆大厅", battery_expires_on=days_from_today(20))
    custodian.device("黄龙地铁站 B 口")
    custodian.report(broken, kind="fault", code="broken")
    page = custodian_page()
    orders = page.locator("#due .order")
    expect(orders).to_have_count(2)
    expect(orders.first).to_contain_text("浙江图书馆少儿馆")
    expect(orders.first).to_have_attribute("data-urgency", "2")
    expect(orders.nth(1)).to_contain_text("更换电池")
    expect(page.locator("[data-device]").first).to_contain_text("停用")
    expect(page.locator("[data-device]")).to_have_count(3)
    show(page, "custodian-home")
    no_overflow(page)

    orders.first.locator("[data-inspect]").click()
    show(page, "custodian-inspection")
    page.locator("#all-good").click()
    show(page, "custodian-inspection-confirm")
    page.locator("#confirm").click()
    expect(page.locator("#due .order")).to_have_count(1)
    expect(page.locator("[data-device]", has_text="少儿馆")).to_contain_text("检查已提交")
    assert custodian.aed(broken)["readiness"] == "ready"
    assert custodian.orders(broken) == []
    (inspection, *_) = custodian.reports(broken)
    assert (inspection["kind"], inspection["data"]["outcome"]) == ("inspection", "ok")
    assert all(item["ok"] for item in inspection["data"]["items"])
    assert custodian.orders(soon) == ["battery_expiry"]


def test_item_by_item_what_is_amiss_takes_the_device_out_and_says_why(
    custodian_page: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", pads_expire_on=days_from_today(3))
    page = custodian_page(language="en-GB")
    page.locator(f"[data-device='{aed_id}']").click()
    expect(page.locator(".device")).to_contain_text("3 d left")
    show(page, "custodian-device-english")
    page.locator("#inspect").click()
    page.locator("#by-item").click()
    for item in page.locator("[data-item]").all():
        name = item.get_attribute("data-item")
        item.locator(f"[data-ok={'false' if name == 'battery' else 'true'}] input").check()
    page.locator("[data-item=battery] input[type=text]").fill("it beeps")
    page.locator("[data-date=pads_expire_on]").fill(days_from_today(700))
    page.locator("#photo").fill("https://example.org/photo.jpg")
    show(page, "custodian-items-english")
    page.locator("#items-done").click()
    expect(page.locator(".verdict[data-tone=act]")).to_contain_text("Battery: it beeps")
    show(page, "custodian-verdict-english")
    page.locator("#confirm").click()
    expect(page.locator("#due .order")).to_contain_text("See to the fault")
    known = custodian.aed(aed_id)
    assert known["readiness"] == "out_of_service"
    assert known["pads_expire_on"] == days_from_today(700)
    data = custodian.reports(aed_id)[0]["data"]
    assert data["photos"] == ["https://example.org/photo.jpg"]
    assert {"item": "battery", "ok": False, "note": "it beeps"} in data["items"]
    assert custodian.orders(aed_id) == ["fault"]


def test_dates_that_run_out_are_asked_for_before_all_is_called_good(
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", pads_expire_on=days_from_today(-2))
    page = custodian_page()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    # Old pads are no good, whatever was tapped.
    expect(page.locator(".verdict[data-tone=act]")).to_contain_text("有效期已过")
    page.locator("[data-date=pads_expire_on]").fill("1999-01-01")
    page.locator("#confirm").click()
    expect(page.locator("#confirm")).to_be_visible()
    page.locator("[data-date=pads_expire_on]").fill(days_from_today(600))
    expect(page.locator(".verdict[data-tone=good]")).to_contain_text("设备可用")
    page.locator("#confirm").click()
    expect(page.locator("#due")).to_contain_text("没有待办")
    assert custodian.aed(aed_id)["readiness"] == "ready"


def test_an_order_about_a_device_that_is_not_listed_is_seen_to_all_the_same(
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("大厅")
    custodian.report(aed_id, kind="fault", code="broken")

    def unlisted(route: Any) -> None:
        route.fulfill(json=route.fetch().json() | {"devices": []})

    page = custodian_page(service_workers="block", prepare=lambda page: page.route("**/v1/custodians/me", unlisted))
    page.locator("[data-inspect]").click()
    expect(page.locator(".inspection h2")).to_contain_text("大厅")
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    until(page, lambda: custodian.aed(aed_id)["readiness"], lambda readiness: readiness == "ready")
    page.unroute_all(behavior="wait")


def test_a_report_that_is_refused_is_said_to_be_lost(custodian_page: Callable[..., Page], custodian: Custodian) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = custodian_page()
    page.locator(f"[data-device='{aed_id}']").click()
    custodian.admin.delete(f"/v1/aeds/{aed_id}")
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    expect(page.locator("#waiting .refused")).to_contain_text("没有被接受")
    page.locator("#waiting .refused button").click()
    expect(page.locator("#waiting")).to_have_count(0)


@pytest.mark.parametrize(
    ("told", "readiness", "cause"), [("used", "in_use", "used"), ("missing", "out_of_service", "fault")]
)
def test_used_and_missing_are_told_in_two_taps(
    custodian_page: Callable[..., Page], custodian: Custodian, told: str, readiness: str, cause: str
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = custodian_page()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator(f"[data-tell={told}]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator(".device .standing")).to_contain_text("已报告")
    expect(page.locator(f".device [data-readiness={readiness}]")).to_be_visible()
    expect(page.locator(".due-list .order")).to_have_count(1)
    assert custodian.orders(aed_id) == [cause]


def test_where_it_was_moved_to_is_told_by_the_phone_beside_it(
    custodian_page: Callable[..., Page], custodian: Custodian, town: Any
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = custodian_page(place=town.place(north_m=900))
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("[data-tell=moved]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator(".device .standing")).to_contain_text("已报告")
    assert custodian.reports(aed_id)[0]["kind"] == "location"
    until(page, lambda: custodian.orders(aed_id), lambda causes: causes == ["moved"])


def test_an_absence_is_of_whole_days_where_the_devices_are_and_not_where_the_phone_is(
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    page = custodian_page(timezone="America/New_York")
    page.locator("#plan-absence").click()
    expect(page.locator("#absence-from")).to_have_value(days_from_today(0))
    expect(page.locator("#absence-until")).to_have_value(days_from_today(6))
    page.locator("#absence-from").fill(days_from_today(2))
    page.locator("#absence-until").fill(days_from_today(3))
    page.locator("#absence-save").click()
    expect(page.locator("[data-absence]")).to_be_visible()
    (absence,) = custodian.admin.get(f"/v1/custodians/{custodian.subject}/absences").json()
    here = ZoneInfo("Asia/Shanghai")
    begins, ends = (datetime.fromisoformat(absence[name]).astimezone(here) for name in ("from_at", "until_at"))
    assert (begins.isoformat()[:16], ends.isoformat()[:16]) == (
        f"{days_from_today(2)}T00:00",
        f"{days_from_today(4)}T00:00",
    )


def test_an_order_is_taken_in_hand(custodian_page: Callable[..., Page], custodian: Custodian) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.report(aed_id, kind="fault", code="broken")
    page = custodian_page()
    page.locator("[data-take]").click()
    expect(page.locator(".order .taken")).to_contain_text("已接单")
    (order,) = custodian.admin.get("/v1/work-orders", params={"aed_id": aed_id}).json()["orders"]
    assert order["acknowledged_by"].endswith(custodian.subject)


def test_a_planned_absence_hands_the_devices_over(
    custodian_page: Callable[..., Page],
    custodian: Custodian,
    open_page: OpenPage,
    live_service: Any,
    town: Any,
    show: Show,
) -> None:
    other = Custodian(live_service.admin, town, "李强")
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.report(aed_id, kind="fault", code="broken")
    page = custodian_page()
    page.locator("#plan-absence").click()
    page.locator("#absence-substitute").fill("nobody-at-all")
    page.locator("#absence-save").click()
    expect(page.locator(".field-problem:visible")).to_contain_text("没有这个编号的机长")
    page.locator("#absences").scroll_into_view_if_needed()
    show(page, "custodian-absence")
    page.locator("#absence-substitute").fill(other.subject)
    page.locator("#absence-save").click()
    expect(page.locator("[data-absence]")).to_contain_text("由 李强 代管")
    theirs = open_page(f"/custodian#token={live_service.token('custodian', other.subject)}")
    expect(theirs.locator(f"[data-device='{aed_id}']")).to_be_visible()
    expect(theirs.locator("#absences")).to_contain_text("您代 王芳 管理")
    until(
        theirs,
        lambda: live_service.admin.get("/v1/work-orders", params={"aed_id": aed_id}).json()["orders"][0]["assignee"],
        lambda assignee: assignee == other.subject,
    )
    page.locator("[data-end]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator("[data-absence]")).to_have_count(0)


def test_a_form_is_not_lost_when_something_happens_meanwhile(
    custodian_page: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = custodian_page()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#by-item").click()
    page.locator("[data-item=battery] [data-ok=false] input").check()
    page.locator("[data-item=battery] input[type=text]").fill("待查")
    with page.expect_response("**/v1/custodians/me"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-item=battery] input[type=text]")).to_have_value("待查")
    # A gesture to go back is easily made: what was found is there when one comes again, in another language, too.
    page.go_back()
    expect(page.locator(".device h2")).to_have_text("浙江图书馆大厅")
    expect(page.locator("#inspect")).to_have_text("继续检查")
    show(page, "custodian-inspection-begun")
    page.go_back()
    expect(page.locator("#due")).to_be_visible()
    page.locator("[data-language-switch]").click()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    expect(page.locator("[data-item=battery] input[type=text]")).to_have_value("待查")
    expect(page.locator("[data-item=battery] [data-ok=false] input")).to_be_checked()
    page.go_back()
    page.go_forward()
    expect(page.locator("[data-item=battery] input[type=text]")).to_have_value("待查")
    for item in page.locator("[data-item]:not([data-item=battery]) [data-ok=true] input").all():
        item.check()
    page.locator("#items-done").click()
    page.locator("#confirm").click()
    expect(page.locator("#due .order")).to_have_count(1)
    assert {"item": "battery", "ok": False, "note": "待查"} in custodian.reports(aed_id)[0]["data"]["items"]
    # The next one begins anew.
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    expect(page.locator("#all-good")).to_be_visible()


def test_a_worthless_token_and_another_roles_token_ask_for_another(open_page: OpenPage, live_service: Any) -> None:
    page = open_page("/custodian#token=nonsense", size=DESKTOP)
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")
    page.locator("#token").fill(live_service.token("responder", "somebody"))
    page.locator("#sign-in button").click()
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("不是机长的")


def test_notices_can_be_turned_on_where_the_browser_can(custodian_page: Callable[..., Page], live_service: Any) -> None:
    page = custodian_page(
        language="en-GB", permissions=("notifications",),
        prepare=lambda page: page.add_init_script(
            "PushManager.prototype.subscribe = async () => { throw new DOMException('', 'AbortError'); };"
        ),
    )  # fmt: skip
    expect(page.locator("#alerts")).to_contain_text("Turn on to be told")
    page.locator("#alerts-turn").click()
    expect(page.locator("#alerts[data-alerts=failed]")).to_contain_text("push service cannot be reached")
    answer = live_service.admin.get("/custodian-worker.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_is_at_home_on_a_desk_too(
    custodian_page: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.device("巡检点", looked_at=False)
    custodian.report(aed_id, kind="used")
    page = custodian_page(size=DESKTOP)
    expect(page.locator("#due .order")).to_have_count(1)
    show(page, "custodian-home")
