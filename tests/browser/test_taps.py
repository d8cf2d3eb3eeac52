"""What is drawn anew by itself does not take the button from under a finger."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.conftest import DESKTOP
from tests.browser.waiting import until

pytestmark = pytest.mark.browser


class Frames:
    """What a page has heard on its sockets."""

    def __init__(self) -> None:
        self._frames: list[str] = []

    def listen(self, page: Page) -> None:
        """Before the page loads."""
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self._frames.append(str(frame)))

    def naming(self, what: str) -> int:
        """How many have this text in them."""
        return sum(what in frame for frame in self._frames)


@pytest.fixture
def frames() -> Frames:
    return Frames()


# How often the page was told where it is.
COUNT_FIXES = """
window.fixes = 0;
const watch = navigator.geolocation.watchPosition.bind(navigator.geolocation);
navigator.geolocation.watchPosition = (found, ...more) => watch((at) => { found(at); window.fixes += 1; }, ...more);
"""


@pytest.mark.parametrize("pressed", ["#duty", ".duty-state"])
def test_a_tap_counts_though_the_page_is_drawn_anew_meanwhile(
    on_duty: Callable[..., Page], town: Any, pressed: str
) -> None:
    page = on_duty("王芳", north_m=90, east_m=0, prepare=lambda page: page.add_init_script(COUNT_FIXES))
    _press(page, page.locator(pressed))
    before = page.evaluate("fixes")
    page.context.set_geolocation(town.place(north_m=190, accuracy_m=33))
    until(page, lambda: page.evaluate("fixes"), lambda fixes: fixes > before)
    expect(page.locator(".rows dd").first).to_contain_text("10 米")
    page.mouse.up()
    # Gone off duty where that is what was pressed; else what had to wait is drawn.
    expect(page.locator(".rows dd").first).to_contain_text("上岗后共享" if pressed == "#duty" else "33 米")


def test_an_operators_click_counts_though_the_incident_changes_meanwhile(
    open_console: Callable[..., Page], town: Any, frames: Frames
) -> None:
    console = open_console(size=DESKTOP, prepare=frames.listen)
    incident_id = town.sos()["incident_id"]
    console.locator(f"[data-incident='{incident_id}']").click()
    _press(console, console.locator("#action-cpr"))
    town.say(incident_id, "ambulance", eta_s=540)
    until(console, lambda: frames.naming("ambulance_expected"))
    console.mouse.up()
    expect(console.locator(".facts")).to_contain_text("正在进行")
    expect(console.locator(".facts")).to_contain_text("后到达")


def test_what_an_operator_has_selected_stays_so_while_others_move(
    open_console: Callable[..., Page], on_duty: Callable[..., Page], town: Any, frames: Frames
) -> None:
    console = open_console(size=DESKTOP, prepare=frames.listen)
    incident_id = town.sos(note="东门进，电梯左侧")["incident_id"]
    console.locator(f"[data-incident='{incident_id}']").click()
    console.locator(".facts dd", has_text="东门进").select_text()
    before = frames.naming('"picture"')
    on_duty("王芳", north_m=5000, east_m=0)
    until(console, lambda: frames.naming('"picture"') > before)
    assert console.evaluate("getSelection().toString().trim()") == "东门进，电梯左侧"


def _press(page: Page, button: Locator) -> None:
    button.hover()
    page.mouse.down()
