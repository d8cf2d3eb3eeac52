"""Waking a phone: opting in, the service worker, the test with its delays, and what is said when nothing reaches it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.pushing import Phone
from tests.browser.services import OwnService, own_service
from tests.browser.waiting import until
from tests.push.receiving import Listener

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    policy = {"respond_within_s": 8, "no_ack_s": 2}
    with own_service(tmp_path_factory.mktemp("waking"), policy, push_allow_private="true") as service:
        yield service


@pytest.fixture
def phone(push_service: Listener) -> Phone:
    return Phone(push_service)


@pytest.fixture
def woken(on_duty: Callable[..., Page], phone: Phone) -> Callable[..., Page]:
    """A first-aider on duty whose phone may be woken."""

    def opted_in(**options: Any) -> Page:
        page = on_duty("赵敏", north_m=90, east_m=0, permissions=("notifications",), prepare=phone.prepare, **options)
        page.locator("#waking").click()
        expect(page.locator("[data-waking=on]")).to_be_visible()
        return page

    return opted_in


@pytest.fixture
def in_a_pocket(live_service: OwnService) -> Callable[[Page], Page]:
    """Closes the page, and waits until the service knows; answers another page of the same browser."""

    def closed(page: Page) -> Page:
        elsewhere = page.context.new_page()
        elsewhere.goto("/docs")
        page.close()
        metrics = lambda: live_service.admin.get("/metrics").text  # noqa: E731 - looked at again and again
        until(elsewhere, metrics, lambda text: 'dispatch_sockets{role="responder"} 0.0' in text)
        return elsewhere

    return closed


def test_opting_in_and_the_test_measure_each_channel(
    woken: Callable[..., Page], phone: Phone, show: Show, no_overflow: Callable[[Page], None]
) -> None:
    page = woken()
    reach = page.locator("#reach")
    expect(reach).to_contain_text("还没有证明能叫醒这部手机")
    page.locator("#wake-test").click()
    expect(page.locator("[data-channel=socket] dd")).to_contain_text("秒")
    expect(page.locator("[data-channel=web_push] dd")).to_have_text("等待中…")
    expect(page.locator("[data-channel=webhook] dd")).to_have_text("服务方未配置")
    reach.evaluate("element => element.scrollIntoView()")
    show(page, "responder-wake-test-waiting")
    message = phone.pushed()
    assert message["type"] == "test_alert"
    phone.deliver(page, message)
    expect(page.locator("[data-channel=web_push][data-arrived] dd")).to_contain_text("秒")
    expect(page.locator("[data-channel=web_push] dd")).not_to_contain_text("另一部")
    expect(page.locator("#reach[data-tone=good]")).to_contain_text("锁屏时推送也能叫醒您")
    assert [each["title"] for each in phone.shown(page)] == ["测试警报"]
    reach.evaluate("element => element.scrollIntoView()")
    show(page, "responder-wake-test-done")
    no_overflow(page)
    page.reload()
    expect(page.locator("#reach[data-tone=good]")).to_be_visible()
    page.locator("#waking").click()
    expect(page.locator("[data-waking=off]")).to_be_visible()
    expect(reach).to_contain_text("关闭页面或锁屏后就联系不上您")


def test_a_pushed_alert_shows_says_that_it_is_here_and_opens(
    woken: Callable[..., Page], phone: Phone, in_a_pocket: Callable[[Page], Page], town: Any
) -> None:
    page = woken(language="en-GB", size=DESKTOP)
    elsewhere = in_a_pocket(page)
    incident_id = town.sos()["incident_id"]
    message = phone.pushed()
    assert message["language"] == "en"
    phone.deliver(elsewhere, message)
    alert = until(
        elsewhere, lambda: town.incident(incident_id)["alerts"][0], lambda alert: alert["stages"].get("received")
    )
    assert alert["state"] == "received"
    (shown,) = phone.shown(elsewhere)
    assert shown["title"] == "Emergency: CPR needed"
    assert "100 m away" in shown["body"]
    assert shown["lang"] == "en"
    assert shown["tag"] == alert["alert_id"]
    again = phone.tap(elsewhere)
    expect(again.locator("#accept")).to_be_visible()
    again.locator("#accept").click()
    expect(again.locator("#patient")).to_be_visible()
    assert phone.shown(elsewhere) == []


def test_tapped_too_late_it_can_still_be_answered(
    woken: Callable[..., Page], phone: Phone, in_a_pocket: Callable[[Page], Page], town: Any
) -> None:
    page = woken()
    elsewhere = in_a_pocket(page)
    incident_id = town.sos()["incident_id"]
    message = phone.pushed()
    until(elsewhere, lambda: town.incident(incident_id)["alerts"][0], lambda alert: alert["state"] == "expired")
    phone.deliver(elsewhere, message)
    until(elsewhere, lambda: phone.shown(elsewhere), bool)
    late = phone.tap(elsewhere)
    expect(late.locator("#late")).to_be_visible()
    late.locator("#late-come").click()
    expect(late.locator("#patient")).to_be_visible()


def test_a_page_that_is_open_is_brought_to_the_front_and_the_notification_is_silent(
    woken: Callable[..., Page], phone: Phone
) -> None:
    page = woken()
    phone.deliver(page, _test_message())
    (shown,) = until(page, lambda: phone.shown(page), bool)
    assert shown["silent"] is True
    assert phone.tap(page) is page
    until(page, lambda: phone.shown(page), lambda left: left == [])


_LOOKS_AT_ONCE = """
navigator.serviceWorker.addEventListener("message", async ({ data }) => {
  if (data.type !== "pushed") return;
  const registration = await navigator.serviceWorker.getRegistration("/responder");
  window.seenAtOnce = (await registration.getNotifications()).length;
});
"""


def test_a_page_hears_of_a_push_once_it_shows_and_an_answer_takes_it_away(
    woken: Callable[..., Page], phone: Phone, in_a_pocket: Callable[[Page], Page], town: Any
) -> None:
    elsewhere = in_a_pocket(woken())
    town.sos()
    message = phone.pushed()
    page = elsewhere.context.new_page()
    page.add_init_script(_LOOKS_AT_ONCE)
    page.goto("/responder")
    expect(page.locator("#accept")).to_be_visible()
    phone.deliver(elsewhere, message)
    assert until(page, lambda: page.evaluate("window.seenAtOnce ?? null"), lambda seen: seen is not None) == 1
    assert len(phone.shown(page)) == 1
    page.locator("#accept").click()
    until(page, lambda: phone.shown(page), lambda left: left == [])


def test_what_cannot_be_read_still_shows(woken: Callable[..., Page], phone: Phone) -> None:
    page = woken()
    phone.deliver(page, "not JSON")
    (shown,) = until(page, lambda: phone.shown(page), bool)
    assert "Emergency alert" in shown["title"]


def test_signing_out_gives_the_subscription_up(woken: Callable[..., Page], live_service: OwnService) -> None:
    page = woken()
    token = page.evaluate("localStorage.getItem('token:responder')")
    page.locator("#sign-out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    with live_service.client() as client:
        test = client.post("/v1/responders/me/test-alert", headers={"Authorization": f"Bearer {token}"}).json()
    assert {"channel": "web_push", "state": "not_subscribed"} in test["channels"]
    assert page.evaluate("localStorage.getItem('stand-in-subscription')") is None


def test_blocked_notifications_are_said_to_be_blocked(
    on_duty: Callable[..., Page], show: Show, no_overflow: Callable[[Page], None]
) -> None:
    page = on_duty("孙悦", north_m=90, east_m=0)
    expect(page.locator("[data-waking=blocked]")).to_contain_text("通知已被浏览器阻止")
    expect(page.locator("#waking")).to_have_count(0)
    expect(page.locator("#reach[data-tone=warn]")).to_contain_text("关闭页面或锁屏后就联系不上您")
    page.locator("#reach").evaluate("element => element.scrollIntoView()")
    show(page, "responder-waking-blocked")
    no_overflow(page)


def test_a_browser_without_push_is_told_so(on_duty: Callable[..., Page], show: Show) -> None:
    page = on_duty(
        "孙悦", north_m=90, east_m=0, language="en-GB",
        prepare=lambda page: page.add_init_script("delete window.PushManager"),
    )  # fmt: skip
    expect(page.locator("[data-waking=unsupported]")).to_contain_text("This browser cannot be woken by push")
    expect(page.locator("#reach")).to_contain_text("With this page closed or the phone locked, you cannot be reached")
    page.locator("#reach").evaluate("element => element.scrollIntoView()")
    show(page, "responder-waking-unsupported")


def test_a_push_service_that_cannot_be_reached_is_said(on_duty: Callable[..., Page]) -> None:
    page = on_duty(
        "孙悦", north_m=90, east_m=0, permissions=("notifications",),
        prepare=lambda page: page.add_init_script(
            "PushManager.prototype.subscribe = async () => { throw new DOMException('', 'AbortError'); };"
        ),
    )  # fmt: skip
    page.locator("#waking").click()
    expect(page.locator("[data-waking=failed]")).to_contain_text("推送服务连不上")


def test_a_test_too_soon_after_the_last_is_told_why(woken: Callable[..., Page]) -> None:
    page = woken(size=DESKTOP)
    page.locator("#wake-test").click()
    expect(page.locator("[data-channel=socket] dd")).to_contain_text("秒")
    page.locator("#wake-test").click()
    expect(page.locator("#reach [role=alert]")).to_be_visible()


def test_the_worker_is_served_where_it_may_serve_the_page(live_service: OwnService) -> None:
    answer = live_service.admin.get("/responder-worker.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    # A browser that keeps an old worker for a day wakes nobody by the new one.
    assert answer.headers["cache-control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["content-security-policy"]


def _test_message() -> dict[str, Any]:
    return {
        "type": "test_alert", "title": "测试警报", "text": "这是一次测试", "language": "zh", "receipt": "x",
        "useful_until": "2099-01-01T00:00:00Z", "test_id": "t1", "sent_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
