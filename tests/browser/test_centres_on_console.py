"""An operator sees which case of a 120 centre an incident is, and that a centre's system is told nothing any more."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.services import OwnService, own_service
from tests.push.receiving import Answer, Listener

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("centres"), push_allow_private="true") as service:
        yield service


def open_case(service: OwnService, number: str, **more: Any) -> str:
    location = {"latitude": 30.2741, "longitude": 120.1551}
    case = {"request_id": str(uuid4()), "case_number": number, "location": location, **more}
    with service.client("centre", "hz120") as centre:
        opened = centre.post("/v1/incidents", json=case)
    opened.raise_for_status()
    return str(opened.json()["incident_id"])


def test_the_number_of_a_case_is_in_the_incidents_head(
    live_service: OwnService,
    open_console: Callable[..., Page],
    show: Callable[[Page, str], None],
    no_overflow: Callable[[Page], None],
) -> None:
    ambulance = {"eta_s": 480, "unit": "浙A-120 三号车"}
    incident = open_case(live_service, "2026-000123-一个特别长的案件号", ambulance=ambulance, note="3单元")
    console = open_console(size=DESKTOP)
    console.locator(f"[data-incident='{incident}']").click()
    expect(console.locator(".detail-head .case-number")).to_have_text("hz120\u00a0· 2026-000123-一个特别长的案件号")
    expect(console.locator(".facts")).to_contain_text("浙A-120 三号车")
    expect(console.locator(".detail")).to_contain_text("120 中心系统 hz120")
    show(console, "console-case")
    phone = open_console()
    phone.locator(f"[data-incident='{incident}']").click()
    expect(phone.locator(".detail-head .case-number")).to_be_visible()
    no_overflow(phone)


def test_a_centres_system_that_is_told_nothing_any_more_is_an_alarm(
    live_service: OwnService,
    push_service: Listener,
    open_console: Callable[..., Page],
    show: Callable[[Page, str], None],
) -> None:
    console = open_console(size=DESKTOP)
    expect(console.locator("[data-alarm]")).to_have_count(0)
    push_service.default = Answer(410)
    made = live_service.admin.post("/v1/centres/webhooks", json={"url": f"{push_service.origin}/hook"})
    made.raise_for_status()
    open_case(live_service, "2026-2")
    alarm = console.locator("[data-alarm=webhooks_disabled]")
    expect(alarm).to_contain_text("1 个 120 中心接口已停止接收")
    show(console, "console-centre-given-up")
    live_service.admin.delete(f"/v1/centres/webhooks/{made.json()['id']}").raise_for_status()
    expect(alarm).to_have_count(0)
