"""The custodian's page: what is due, an inspection in three taps, without a network too, absence, and signing in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Show = Callable[[Page, str], None]


class Custodian:
    """Somebody with devices of their own."""

    def __init__(self, admin: Any, town: Any, name: str, subject: str | None = None) -> None:
        self.subject = subject or f"c{uuid4().hex[:8]}"
        self.admin = admin
        self.town = town
        self.name = name
        body = {
            "name": name,
            "phone": "13800000001",
            "certificate": {"number": f"ZJ-{self.subject}", "expires_on": "2031-12-31"},
        }
        assert admin.put(f"/v1/custodians/{self.subject}", json=body).is_success

    def device(self, name: str, *, looked_at: bool = True, **more: Any) -> str:
        """A device of theirs that was inspected, unless said otherwise."""
        aed_id = str(self.town.add_aed(name, north_m=0, east_m=0, custodian=self.subject, **more))
        if looked_at:
            # A phone knows the service's time to half a second: what it tells next has to be later all the same.
            before = datetime.now(UTC) - timedelta(minutes=1)
            self.report(aed_id, kind="inspection", outcome="ok", at=before.isoformat())
        return aed_id

    def report(self, aed_id: str, **said: Any) -> None:
        """Something that the office says of a device."""
        answer = self.admin.post(f"/v1/aeds/{aed_id}/reports", json=said)
        assert answer.is_success, answer.text

    def aed(self, aed_id: str) -> dict[str, Any]:
        """The device as it stands."""
        known: dict[str, Any] = self.admin.get(f"/v1/aeds/{aed_id}").json()
        return known

    def reports(self, aed_id: str) -> list[dict[str, Any]]:
        """What has been reported of it, the newest first."""
        kept: list[dict[str, Any]] = self.admin.get(f"/v1/aeds/{aed_id}/history").json()["reports"]
        return kept

    def orders(self, aed_id: str) -> list[str]:
        """What is still to be done about it."""
        found = self.admin.get("/v1/work-orders", params={"aed_id": aed_id}).json()["orders"]
        return [each["cause"] for each in found]


@pytest.fixture
def custodian(live_service: Any, town: Any) -> Custodian:
    return Custodian(live_service.admin, town, "王芳")


@pytest.fixture
def signed_in(open_page: OpenPage, live_service: Any, custodian: Custodian) -> Callable[..., Page]:
    """Opens the page of that custodian, once it shows what there is."""

    def opened(**options: Any) -> Page:
        page = open_page(f"/custodian#token={live_service.token('custodian', custodian.subject)}", **options)
        expect(page.locator("#due")).to_be_visible()
        return page

    return opened


def days_from_today(days: int) -> str:
    return (datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=days)).isoformat()


def test_what_is_due_comes_first_and_an_inspection_takes_three_taps(
    signed_in: Callable[..., Page], custodian: Custodian, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    broken = custodian.device("浙江图书馆少儿馆")
    soon = custodian.device("浙江图书馆大厅", battery_expires_on=days_from_today(20))
    custodian.device("黄龙地铁站 B 口")
    custodian.report(broken, kind="fault", code="broken")
    page = signed_in()
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
    signed_in: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", pads_expire_on=days_from_today(3))
    page = signed_in(language="en-GB")
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
    signed_in: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", pads_expire_on=days_from_today(-2))
    page = signed_in()
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


def test_an_inspection_without_a_network_is_kept_and_sent_once_when_it_is_back(
    signed_in: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("地下车库", looked_at=False)
    page = signed_in()
    until(page, lambda: page.evaluate("caches.has('custodian-page')"))
    until(
        page,
        lambda: page.evaluate(
            "caches.open('custodian-page').then((kept) => kept.keys()).then((all) => all.length > 20)"
        ),
    )
    page.context.set_offline(True)
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    expect(page.locator("#waiting")).to_contain_text("1 份报告已存在手机上")
    expect(page.locator("[data-device]")).to_contain_text("联网后自动发送")
    assert custodian.reports(aed_id) == []
    # The page opens without a network as well, and still knows.
    page.reload()
    expect(page.locator("#offline")).to_contain_text("没有网络")
    expect(page.locator("#waiting")).to_contain_text("地下车库")
    show(page, "custodian-offline")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(".state-chip")).to_have_text("正常")
    assert len(custodian.reports(aed_id)) == 1


def test_a_report_whose_answer_was_lost_is_sent_again_and_counts_once(
    signed_in: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", looked_at=False)
    page = signed_in()
    lost = {"answers": 1}

    def losing(route: Any) -> None:
        answer = route.fetch()
        if lost["answers"]:
            lost["answers"] -= 1
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/reports", losing)
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    expect(page.locator("#waiting")).to_be_visible()
    page.locator("#send-now").click()
    expect(page.locator("#waiting")).to_have_count(0)
    assert len(custodian.reports(aed_id)) == 1


def inspect_all_good(page: Page, aed_id: str) -> None:
    """The three taps, from the list of devices."""
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    page.locator("#confirm").click()


def test_a_page_that_is_open_twice_loses_nothing_of_either(
    signed_in: Callable[..., Page], custodian: Custodian
) -> None:
    ours, theirs = custodian.device("大厅", looked_at=False), custodian.device("车库", looked_at=False)
    tab = signed_in()
    app = tab.context.new_page()
    app.goto("/custodian")
    expect(app.locator("#due")).to_be_visible()
    tab.context.route("**/reports", lambda route: route.abort())
    inspect_all_good(tab, ours)
    expect(tab.locator("#waiting li")).to_have_count(1)
    # What one has kept the other knows of.
    expect(app.locator("#waiting li")).to_have_count(1)
    inspect_all_good(app, theirs)
    expect(app.locator("#waiting li")).to_have_count(2)
    app.close()
    tab.close()
    again = app.context.new_page()
    again.goto("/custodian")
    expect(again.locator("#waiting li")).to_have_count(2)
    again.context.unroute("**/reports")
    again.locator("#send-now").click()
    expect(again.locator("#waiting")).to_have_count(0)
    assert [len(custodian.reports(each)) for each in (ours, theirs)] == [1, 1]


def test_what_a_network_on_the_way_says_is_no_refusal(signed_in: Callable[..., Page], custodian: Custodian) -> None:
    aed_id = custodian.device("酒店大堂", looked_at=False)
    page = signed_in()
    page.route("**/reports", lambda route: route.fulfill(status=403, body="<html>Please pay for the network</html>"))
    inspect_all_good(page, aed_id)
    expect(page.locator("#waiting")).to_contain_text("已存在手机上")
    expect(page.locator("#waiting .refused")).to_have_count(0)
    page.unroute("**/reports")
    page.locator("#send-now").click()
    expect(page.locator("#waiting")).to_have_count(0)
    assert len(custodian.reports(aed_id)) == 1


def test_a_token_that_runs_out_amid_an_inspection_loses_nothing(
    signed_in: Callable[..., Page], custodian: Custodian, live_service: Any
) -> None:
    aed_id = custodian.device("大厅", looked_at=False)
    page = signed_in()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    spent = '{"type":"x","title":"x","status":401,"detail":"x","code":"bad_token","errors":[]}'
    page.route(re.compile("/v1/"), lambda route: route.fulfill(status=401, body=spent))
    with page.expect_response("**/v1/custodians/me"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    page.locator("#confirm").click()
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")
    page.unroute(re.compile("/v1/"))
    page.locator("#token").fill(live_service.token("custodian", custodian.subject))
    page.locator("#sign-in button").click()
    expect(page.locator(".state-chip")).to_have_text("正常")
    assert len(custodian.reports(aed_id)) == 1


def test_an_order_about_a_device_that_is_not_listed_is_seen_to_all_the_same(
    signed_in: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("大厅")
    custodian.report(aed_id, kind="fault", code="broken")

    def unlisted(route: Any) -> None:
        route.fulfill(json=route.fetch().json() | {"devices": []})

    page = signed_in(prepare=lambda page: page.route("**/v1/custodians/me", unlisted))
    page.locator("[data-inspect]").click()
    expect(page.locator(".inspection h2")).to_contain_text("大厅")
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    until(page, lambda: custodian.aed(aed_id)["readiness"], lambda readiness: readiness == "ready")
    page.unroute_all(behavior="wait")


def test_a_report_that_is_refused_is_said_to_be_lost(signed_in: Callable[..., Page], custodian: Custodian) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = signed_in()
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
    signed_in: Callable[..., Page], custodian: Custodian, told: str, readiness: str, cause: str
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = signed_in()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator(f"[data-tell={told}]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator(".device .standing")).to_contain_text("已报告")
    expect(page.locator(f".device [data-readiness={readiness}]")).to_be_visible()
    expect(page.locator(".due-list .order")).to_have_count(1)
    assert custodian.orders(aed_id) == [cause]


def test_where_it_was_moved_to_is_told_by_the_phone_beside_it(
    signed_in: Callable[..., Page], custodian: Custodian, town: Any
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = signed_in(place=town.place(north_m=900))
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("[data-tell=moved]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator(".device .standing")).to_contain_text("已报告")
    assert custodian.reports(aed_id)[0]["kind"] == "location"
    until(page, lambda: custodian.orders(aed_id), lambda causes: causes == ["moved"])


def test_an_order_is_taken_in_hand(signed_in: Callable[..., Page], custodian: Custodian) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.report(aed_id, kind="fault", code="broken")
    page = signed_in()
    page.locator("[data-take]").click()
    expect(page.locator(".order .taken")).to_contain_text("已接单")
    (order,) = custodian.admin.get("/v1/work-orders", params={"aed_id": aed_id}).json()["orders"]
    assert order["acknowledged_by"].endswith(custodian.subject)


def test_a_planned_absence_hands_the_devices_over(
    signed_in: Callable[..., Page], custodian: Custodian, open_page: OpenPage, live_service: Any, town: Any, show: Show
) -> None:
    other = Custodian(live_service.admin, town, "李强")
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.report(aed_id, kind="fault", code="broken")
    page = signed_in()
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
    signed_in: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    page = signed_in()
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#by-item").click()
    page.locator("[data-item=battery] [data-ok=false] input").check()
    page.locator("[data-item=battery] input[type=text]").fill("待查")
    with page.expect_response("**/v1/custodians/me"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-item=battery] input[type=text]")).to_have_value("待查")
    page.go_back()
    expect(page.locator(".device h2")).to_have_text("浙江图书馆大厅")
    page.go_back()
    expect(page.locator("#due")).to_be_visible()


def test_somebody_else_on_the_same_phone_sees_and_sends_nothing_of_the_one_before(
    signed_in: Callable[..., Page], custodian: Custodian, live_service: Any, town: Any
) -> None:
    other = Custodian(live_service.admin, town, "李强")
    aed_id = custodian.device("浙江图书馆大厅", looked_at=False)
    page = signed_in()
    page.route("**/reports", lambda route: route.abort())
    page.locator(f"[data-device='{aed_id}']").click()
    page.locator("#inspect").click()
    page.locator("#all-good").click()
    page.locator("#confirm").click()
    expect(page.locator("#waiting")).to_be_visible()
    page.evaluate(f"location.hash = '#token={live_service.token('custodian', other.subject)}'")
    expect(page.locator(".who")).to_contain_text("李强")
    page.unroute("**/reports")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_count(0)
    assert custodian.reports(aed_id) == []
    # It waits for its own author.
    page.evaluate(f"location.hash = '#token={live_service.token('custodian', custodian.subject)}'")
    until(page, lambda: custodian.reports(aed_id))


def test_a_worthless_token_and_another_roles_token_ask_for_another(open_page: OpenPage, live_service: Any) -> None:
    page = open_page("/custodian#token=nonsense", size=DESKTOP)
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("无效或已过期")
    page.locator("#token").fill(live_service.token("responder", "somebody"))
    page.locator("#sign-in button").click()
    expect(page.locator("#sign-in [role=alert]")).to_contain_text("不是机长的")


def test_notices_can_be_turned_on_where_the_browser_can(signed_in: Callable[..., Page], live_service: Any) -> None:
    page = signed_in(
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


def test_the_page_is_at_home_on_a_desk_too(signed_in: Callable[..., Page], custodian: Custodian, show: Show) -> None:
    aed_id = custodian.device("浙江图书馆大厅")
    custodian.device("巡检点", looked_at=False)
    custodian.report(aed_id, kind="used")
    page = signed_in(size=DESKTOP)
    expect(page.locator("#due .order")).to_have_count(1)
    show(page, "custodian-home")
