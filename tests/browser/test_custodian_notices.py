"""A custodian's phone is told of work orders while the page is closed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.pushing import Phone
from tests.browser.services import OwnService, own_service
from tests.browser.waiting import until
from tests.push.receiving import Listener

pytestmark = pytest.mark.browser

_SCOPE = "/custodian"
_WITHIN_S = 15.0


class CustodiansPhone(Phone):
    """A phone whose browser has the custodian's page."""

    def shown(self, page: Page) -> list[dict[str, Any]]:
        """The notifications that it shows."""
        found: list[dict[str, Any]] = page.evaluate(
            """async (scope) => {
              const registration = await navigator.serviceWorker.getRegistration(scope);
              const shown = (await registration?.getNotifications()) ?? [];
              return shown.map(({ title, body, lang, tag }) => ({ title, body, lang, tag }));
            }""",
            _SCOPE,
        )
        return found

    def _registration(self, page: Page) -> str:
        scope = page.evaluate("location.origin") + _SCOPE
        give_up_at = time.monotonic() + _WITHIN_S
        while scope not in self._registrations and time.monotonic() < give_up_at:
            page.evaluate("1")  # lets the driver hear what has come
        return self._registrations[scope]


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("notices"), push_allow_private="true") as service:
        yield service


@pytest.fixture
def phone(push_service: Listener) -> CustodiansPhone:
    return CustodiansPhone(push_service)


def test_a_new_order_shows_on_the_phone_and_opens_the_page(
    open_page: OpenPage, live_service: OwnService, town: Any, phone: CustodiansPhone
) -> None:
    certificate = {"number": "ZJ-1", "expires_on": "2031-12-31"}
    told = live_service.admin.put("/v1/custodians/wang", json={"name": "王芳", "certificate": certificate})
    assert told.is_success
    aed_id = town.add_aed("浙江图书馆大厅", north_m=0, east_m=0, custodian="wang")
    page = open_page(
        f"/custodian#token={live_service.token('custodian', 'wang')}",
        permissions=("notifications",),
        prepare=phone.prepare,
    )
    page.locator("#alerts-turn").click()
    expect(page.locator("#alerts[data-alerts=on]")).to_contain_text("这部手机会收到通知")

    broken = live_service.admin.post(f"/v1/aeds/{aed_id}/reports", json={"kind": "fault", "code": "broken"})
    assert broken.is_success
    message = phone.pushed()
    assert message["type"] == "work_order"
    phone.deliver(page, message)
    (shown,) = until(page, lambda: phone.shown(page), bool)
    assert "工单" in shown["title"]
    assert "浙江图书馆大厅" in shown["body"]
    # The page that is open reads how things stand.
    expect(page.locator("#due .order")).to_contain_text("浙江图书馆大厅")

    page.reload()
    expect(page.locator("#alerts[data-alerts=on]")).to_be_visible()
    page.locator("#sign-out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    assert page.evaluate("localStorage.getItem('stand-in-subscription')") is None


def test_what_cannot_be_read_still_shows(open_page: OpenPage, live_service: OwnService, phone: CustodiansPhone) -> None:
    assert live_service.admin.put("/v1/custodians/li", json={"name": "李强"}).is_success
    page = open_page(
        f"/custodian#token={live_service.token('custodian', 'li')}",
        permissions=("notifications",),
        prepare=phone.prepare,
    )
    page.locator("#alerts-turn").click()
    expect(page.locator("#alerts[data-alerts=on]")).to_be_visible()
    phone.deliver(page, "not JSON")
    (shown,) = until(page, lambda: phone.shown(page), bool)
    assert "work order" in shown["title"]
