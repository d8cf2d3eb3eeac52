"""A real Chromium for the pages, with a place, a language and software WebGL, against the running service."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.custodian import Custodian
from tests.browser.office import Office
from tests.browser.town import Town
from tests.push.receiving import Listener, listening

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
NARROWEST = 360

# Software WebGL, so that the map draws on a machine without a graphics card; and nothing that calls home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]

# Beside West Lake, Hangzhou.
PLACE = {"latitude": 30.2741, "longitude": 120.1551, "accuracy": 12.0}


class Service(Protocol):
    """What these tests need of the running service."""

    url: str
    admin: Any

    def token(self, role: str, subject: str) -> str:
        """A token of this role for this subject."""
        ...


OpenPage = Callable[..., Page]


# Software WebGL on two shared cores: what takes a tenth of a second alone may take seconds.
expect.set_options(timeout=15_000)


# For a file at a time: as long as its driver lives, Playwright keeps an event loop running in this thread, and the
# asynchronous tests of the next file could not run theirs.
@pytest.fixture(scope="module")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Browser, live_service: Service) -> Iterator[OpenPage]:
    """Opens a page in a context of its own; at the end no page may have met an error it did not expect."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def opened(
        path: str,
        *,
        size: dict[str, int] = PHONE,
        language: str = "zh-CN",
        place: dict[str, float] | None = PLACE,
        permissions: tuple[str, ...] = (),
        timezone: str = "Asia/Shanghai",
        prepare: Callable[[Page], None] = lambda _page: None,
        **options: Any,
    ) -> Page:
        context = chromium.new_context(
            base_url=live_service.url,
            viewport={"width": size["width"], "height": size["height"]},
            locale=language,
            timezone_id=timezone,
            permissions=[*(["geolocation"] if place else []), *permissions],
            geolocation=place,  # type: ignore[arg-type]  # playwright's TypedDict
            has_touch=size is PHONE,
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"{path}: {error}"))
        page.on("console", lambda line: _note_policy_violation(line.text, path, troubles))
        prepare(page)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def _note_policy_violation(text: str, path: str, troubles: list[str]) -> None:
    if re.search(r"Content Security Policy|Refused to (load|execute|connect)", text):
        troubles.append(f"{path}: {text}")


@pytest.fixture
def town(live_service: Service) -> Iterator[Town]:
    """Streets that are this test's alone."""
    town = Town(live_service.admin)
    yield town
    town.come_to_rest()


@pytest.fixture
def office(live_service: Service, town: Town) -> Office:
    """Owners that are this test's alone."""
    return Office(live_service.admin, town)


@pytest.fixture
def office_page(open_page: OpenPage, live_service: Service) -> Callable[..., Page]:
    """Opens a room of the office."""

    def opened(room: str = "devices", size: dict[str, int] = DESKTOP, **options: Any) -> Page:
        page = open_page(f"/office#token={live_service.token('admin', 'li')}", size=size, **options)
        expect(page.locator("[aria-current=page]")).to_be_visible()
        page.evaluate(f"location.hash = '#room={room}'")
        return page

    return opened


@pytest.fixture
def custodian(live_service: Service, town: Town) -> Custodian:
    """Somebody with devices of their own."""
    return Custodian(live_service.admin, town, "王芳")


@pytest.fixture
def custodian_page(open_page: OpenPage, live_service: Service, custodian: Custodian) -> Callable[..., Page]:
    """Opens the page of that custodian, once it shows what there is.

    A test that stands between page and service says `service_workers="block"`: a service worker passes such a route by
    now and then.
    """

    def opened(**options: Any) -> Page:
        page = open_page(f"/custodian#token={live_service.token('custodian', custodian.subject)}", **options)
        expect(page.locator("#due")).to_be_visible()
        return page

    return opened


@pytest.fixture
def on_duty(open_page: OpenPage, live_service: Service, town: Town) -> Callable[..., Page]:
    """Opens the page of a new first-aider at a place of the town, and goes on duty there."""

    def gone_on_duty(name: str, *, north_m: float, east_m: float, **options: Any) -> Page:
        responder_id = town.add_responder(name)
        token = live_service.token("responder", responder_id)
        page = open_page(f"/responder#token={token}", place=town.place(north_m=north_m, east_m=east_m), **options)
        page.locator("#duty").click()
        expect(page.locator(".duty[data-on=true]")).to_be_visible()
        expect(page.locator("#connection[data-state=live]")).to_be_visible()
        # The service knows where this phone is, once it has said so.
        expect(page.locator(".rows dd").first).to_contain_text(re.compile("已共享|Shared"))
        return page

    return gone_on_duty


@pytest.fixture
def open_console(open_page: OpenPage, live_service: Service) -> Callable[..., Page]:
    """Opens a console that is live."""

    def opened(**options: Any) -> Page:
        console = open_page(f"/console#token={live_service.token('operator', 'chen')}", **options)
        expect(console.locator("#connection[data-state=live]")).to_be_visible()
        return console

    return opened


@pytest.fixture
def open_caller(open_page: OpenPage, town: Town) -> Callable[..., Page]:
    """Opens the page of a caller in the town, whose place the page has found."""

    def opened(*, north_m: float = 0, **options: Any) -> Page:
        caller = open_page("/", place=town.place(north_m=north_m), **options)
        expect(caller.locator("#place")).to_have_attribute("data-state", "found")
        return caller

    return opened


@pytest.fixture
def push_service() -> Iterator[Listener]:
    """Where phones of the test's have their pushes sent."""
    with listening() as listener:
        yield listener


@pytest.fixture
def no_overflow() -> Callable[[Page], None]:
    """Fails when the page is wider than its window, at the narrowest phone, too."""

    def checked(page: Page) -> None:
        size = page.viewport_size
        assert size is not None
        page.set_viewport_size({"width": NARROWEST, "height": size["height"]})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.set_viewport_size(size)
        assert wide <= 0

    return checked


@pytest.fixture
def hold_sos() -> Callable[[Page], None]:
    """Presses the SOS button for longer than the second that it asks for."""

    def held(page: Page) -> None:
        page.locator("#sos").hover()
        page.mouse.down()
        expect(page.locator("#ready")).to_be_hidden()
        page.mouse.up()

    return held


def at_rest(page: Page, map_selector: str) -> None:
    """The map there has drawn itself: nothing moves, nothing is being fetched, no frame is due."""
    expect(page.locator(f"{map_selector}[data-idle=true]")).to_be_visible()


@pytest.fixture
def show() -> Callable[[Page, str], None]:
    """Takes a screenshot at the page's present size, under build/screenshots."""

    def shown(page: Page, name: str) -> None:
        width = (page.viewport_size or PHONE)["width"]
        size = "phone" if width < 800 else "desktop"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready")
        page.screenshot(path=SCREENSHOTS / f"{name}-{size}.png")

    return shown
