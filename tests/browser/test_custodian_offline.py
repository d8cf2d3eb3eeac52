"""What a custodian tells without a network, or when an answer is lost or a token runs out: kept, and counted once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.custodian import Custodian
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]


def test_an_inspection_without_a_network_is_kept_and_sent_once_when_it_is_back(
    custodian_page: Callable[..., Page], custodian: Custodian, show: Show
) -> None:
    aed_id = custodian.device("地下车库", looked_at=False)
    page = custodian_page()
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
    # What is kept of the service's answers does not say when they were given: that would be taken for the time of day.
    told = "fetch('/v1/page-settings').then((answer) => answer.headers.get('Dispatch-Time'))"
    assert page.evaluate(told) is None
    show(page, "custodian-offline")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(".state-chip")).to_have_text("正常")
    assert len(custodian.reports(aed_id)) == 1
    assert page.evaluate(told)


def test_a_report_whose_answer_was_lost_is_sent_again_and_counts_once(
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("浙江图书馆大厅", looked_at=False)
    page = custodian_page(service_workers="block")
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
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    ours, theirs = custodian.device("大厅", looked_at=False), custodian.device("车库", looked_at=False)
    tab = custodian_page(service_workers="block")
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


def test_what_a_network_on_the_way_says_is_no_refusal(
    custodian_page: Callable[..., Page], custodian: Custodian
) -> None:
    aed_id = custodian.device("酒店大堂", looked_at=False)
    page = custodian_page(service_workers="block")
    page.route("**/reports", lambda route: route.fulfill(status=403, body="<html>Please pay for the network</html>"))
    inspect_all_good(page, aed_id)
    expect(page.locator("#waiting")).to_contain_text("已存在手机上")
    expect(page.locator("#waiting .refused")).to_have_count(0)
    page.unroute("**/reports")
    page.locator("#send-now").click()
    expect(page.locator("#waiting")).to_have_count(0)
    assert len(custodian.reports(aed_id)) == 1


def test_a_token_that_runs_out_amid_an_inspection_loses_nothing(
    custodian_page: Callable[..., Page], custodian: Custodian, live_service: Any
) -> None:
    aed_id = custodian.device("大厅", looked_at=False)
    page = custodian_page(service_workers="block")
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


def test_somebody_else_on_the_same_phone_sees_and_sends_nothing_of_the_one_before(
    custodian_page: Callable[..., Page], custodian: Custodian, live_service: Any, town: Any
) -> None:
    other = Custodian(live_service.admin, town, "李强")
    aed_id = custodian.device("浙江图书馆大厅", looked_at=False)
    page = custodian_page(service_workers="block")
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
