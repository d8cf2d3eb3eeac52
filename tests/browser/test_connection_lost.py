"""A service of which nothing is heard: every page says so within two heartbeats, and takes it back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.services import OwnService, own_service

pytestmark = pytest.mark.browser

HEARTBEAT_S = 3.0
# Two heartbeats, and what a machine with other work takes to draw.
WITHIN_MS = 1000 * (2 * HEARTBEAT_S + 6)


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("silent"), heartbeat_s=str(HEARTBEAT_S)) as service:
        yield service


def test_all_pages_say_that_nothing_is_heard(
    live_service: OwnService,
    open_caller: Callable[..., Page],
    open_console: Callable[..., Page],
    on_duty: Callable[..., Page],
    hold_sos: Callable[[Page], None],
    show: Callable[[Page, str], None],
    no_overflow: Callable[[Page], None],
) -> None:
    helper = on_duty("王芳", north_m=90, east_m=0)
    bystander = on_duty("赵磊", north_m=4000, east_m=0)
    console = open_console(language="en-GB")
    caller = open_caller()
    hold_sos(caller)
    helper.locator("#accept").click()
    expect(helper.locator("#patient")).to_be_visible()
    expect(caller.locator(".status h2")).to_have_text("有人赶来")
    live_service.freeze()
    try:
        expect(caller.locator(".banner-warn")).to_be_visible(timeout=WITHIN_MS)
        for page in (helper, bystander, console):
            expect(page.locator("#stale")).to_be_visible(timeout=WITHIN_MS)
        expect(caller.locator(".banner-warn")).to_contain_text("还没打过 120 就请现在拨打")
        expect(helper.locator("#stale")).to_contain_text("请继续前往；需要帮助请拨打 120")
        expect(bystander.locator("#stale")).to_contain_text("暂时收不到警报")
        expect(bystander.locator("#reach[data-tone=act]")).to_contain_text("现在联系不上您")
        expect(console.locator("#stale")).to_contain_text("Connection lost, trying again")
        for page, name in (
            (caller, "caller"),
            (helper, "responder"),
            (bystander, "responder-standby"),
            (console, "console"),
        ):
            show(page, f"{name}-nothing-heard")
            no_overflow(page)
    finally:
        live_service.thaw()
    for page in (helper, bystander, console):
        expect(page.locator("#stale")).to_be_hidden(timeout=30_000)
    expect(caller.locator(".banner-warn")).to_be_hidden(timeout=30_000)
