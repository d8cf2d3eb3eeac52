"""PostgreSQL is stopped: the pages say so quietly, go on, and nothing rings twice when it is back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.services import OwnService, own_service

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]

COUNT_RINGS = """
window.rings = 0;
navigator.vibrate = (pattern) => { if (Array.isArray(pattern)) window.rings += 1; return true; };
"""


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    with own_service(tmp_path_factory.mktemp("away")) as service:
        yield service


def test_an_sos_without_the_database(
    live_service: OwnService,
    open_caller: Callable[..., Page],
    open_console: Callable[..., Page],
    on_duty: Callable[..., Page],
    hold_sos: Callable[[Page], None],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    helper = on_duty("王芳", north_m=90, east_m=0, prepare=lambda page: page.add_init_script(COUNT_RINGS))
    caller = open_caller()
    console = open_console(size=DESKTOP)
    small = open_console()
    with live_service.without_database():
        expect(console.locator("[data-alarm=degraded]")).to_contain_text("数据库暂不可用")
        hold_sos(caller)
        expect(caller.locator("[data-quiet=degraded]")).to_contain_text("您的呼救照常进行")
        show(caller, "caller-degraded")
        no_overflow(caller)
        helper.locator("#accept").click()
        expect(helper.locator("#patient")).to_be_visible()
        expect(caller.locator(".status h2")).to_have_text("有人赶来")
        show(console, "console-degraded")
        show(small, "console-degraded")
        no_overflow(small)
        console.locator("[data-language-switch]").click()
        expect(console.locator("[data-alarm=degraded]")).to_contain_text("The database is away")
        rings = helper.evaluate("window.rings")
    expect(console.locator("[data-alarm=degraded]")).to_have_count(0)
    expect(caller.locator("[data-quiet=degraded]")).to_have_count(0)
    # They have begun again with their mailboxes, and were told how things stand.
    for page in (helper, console):
        expect(page.locator("#connection[data-state=live]")).to_be_visible()
    helper.locator("[data-stage=en_route]").click()
    expect(caller.locator(".coming")).to_contain_text("赶来途中")
    expect(helper.locator(".alert-screen")).to_have_count(0)
    assert helper.evaluate("window.rings") == rings
