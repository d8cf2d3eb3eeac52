"""The office's room for custodians: who they are, whether their certificates hold, and when they are away."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.office import Office

pytestmark = pytest.mark.browser

OfficePage = Callable[..., Page]
Show = Callable[[Page, str], None]


def field(page: Page, name: str) -> Any:
    """What is written in a field of the form."""
    return page.locator(f"[data-field='{name}']").locator("input, select")


@pytest.fixture
def enter(office: Office) -> Callable[..., str]:
    """Enters a custodian of the venue; their subject."""

    def entered(name: str, **more: Any) -> str:
        subject = f"c{uuid4().hex[:8]}"
        office.said("PUT", f"/v1/custodians/{subject}", json={"name": name, "owner_id": office.venue, **more})
        return subject

    return entered


def certificate(expires_on: str) -> dict[str, str]:
    return {"number": "ZJ-1", "expires_on": expires_on}


def test_custodians_are_listed_with_what_keeps_orders_from_them(
    office_page: OfficePage,
    office: Office,
    enter: Callable[..., str],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    sound = enter("王芳", phone="13800000001", certificate=certificate("2031-12-31"))
    old = enter("李强", certificate=certificate("2020-01-31"))
    none = enter("赵敏")
    page = office_page(f"custodians&owner={office.venue}")
    rows = page.locator("[data-custodian]")
    expect(rows).to_have_count(3)
    expect(page.locator(f"[data-custodian='{sound}']")).to_contain_text("有效期至 2031-12-31")
    expect(page.locator(f"[data-custodian='{sound}']")).to_contain_text("本人")
    expect(page.locator(f"[data-custodian='{old}'] [data-tone=act]")).to_contain_text("已于 2020-01-31 过期")
    expect(page.locator(f"[data-custodian='{none}'] [data-tone=act]")).to_have_text("没有")
    show(page, "office-custodians")
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-custodians")
    no_overflow(page)


def test_a_custodian_is_entered_and_changed_with_problems_at_their_fields(
    office_page: OfficePage, office: Office, enter: Callable[..., str], show: Show
) -> None:
    taken = enter("王芳")
    subject = f"c{uuid4().hex[:8]}"
    page = office_page("custodians", language="en-GB", size=PHONE)
    page.locator("#add-custodian").click()
    field(page, "subject").fill(taken)
    field(page, "name").fill("李强")
    page.locator("#save-custodian").click()
    expect(page.locator("[data-field=subject] .field-problem")).to_contain_text("under this id already")
    field(page, "subject").fill(subject)
    field(page, "phone").fill("nobody knows")
    field(page, "certificate.number").fill("ZJ-9")
    page.locator("#save-custodian").click()
    expect(page.locator("[data-field=phone] .field-problem")).to_have_text("This is no telephone number.")
    expect(page.locator("[data-field='certificate.expires_on'] .field-problem")).to_be_visible()
    show(page, "office-custodian-problem-english")
    field(page, "phone").fill("13800000002")
    field(page, "certificate.expires_on").fill("2031-12-31")
    field(page, "owner_id").select_option(office.venue)
    page.locator("[data-language-switch]").click()
    expect(field(page, "phone")).to_have_value("13800000002")
    page.locator("#save-custodian").click()
    expect(page.locator(".custodian-room h2").first).to_contain_text("李强")
    expect(page.locator("#absences")).to_be_visible()
    known = office.said("GET", f"/v1/custodians/{subject}")
    assert (known["phone"], known["owner_id"]) == ("13800000002", office.venue)
    assert known["certificate"] == {"number": "ZJ-9", "expires_on": "2031-12-31", "valid": True}
    field(page, "name").fill("李小强")
    page.locator("#save-custodian").click()
    expect(page.locator(".custodian-room .done")).to_have_text("已保存。")
    changed = office.said("GET", f"/v1/custodians/{subject}")
    assert changed["name"] == "李小强"
    # Whoever changes one thing takes nothing else away.
    assert {name: changed[name] for name in ("phone", "owner_id", "certificate")} == {
        name: known[name] for name in ("phone", "owner_id", "certificate")
    }


def test_the_office_sends_somebody_away_and_sees_who_stands_in(
    office_page: OfficePage, office: Office, enter: Callable[..., str], show: Show, no_overflow: Callable[[Page], None]
) -> None:
    away = enter("王芳", certificate=certificate("2031-12-31"))
    other = enter("李强", certificate=certificate("2031-12-31"))
    page = office_page(f"custodians&custodian={away}")
    page.locator("#plan-absence").click()
    page.locator("#absence-substitute").fill(away)
    page.locator("#absence-save").click()
    expect(page.locator("#absences .field-problem:visible")).to_be_visible()
    page.locator("#absence-substitute").fill(other)
    # A form that is half filled in outlives a look elsewhere.
    page.locator("#to-custodians").click()
    expect(page.locator("#add-custodian")).to_be_visible()
    page.go_back()
    expect(page.locator("#absence-substitute")).to_have_value(other)
    show(page, "office-custodian-away")
    page.locator("#absence-save").click()
    expect(page.locator("[data-absence]")).to_contain_text("由 李强 代管")
    show(page, "office-custodian")
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, "office-custodian")
    no_overflow(page)
    page.evaluate(f"location.hash = '#room=custodians&custodian={other}'")
    expect(page.locator("[data-absence]")).to_contain_text("代管 王芳 的设备")
    page.evaluate(f"location.hash = '#room=custodians&owner={office.venue}'")
    expect(page.locator(f"[data-custodian='{away}']")).to_contain_text("离岗中，由李强代管")
    page.evaluate(f"location.hash = '#room=custodians&custodian={away}'")
    page.locator("[data-end]").click()
    page.locator("dialog .button-strong").click()
    expect(page.locator("[data-absence]")).to_have_count(0)
    assert office.said("GET", f"/v1/custodians/{away}")["away"] is False
