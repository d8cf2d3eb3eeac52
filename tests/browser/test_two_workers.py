"""Two workers at one address: the pages notice nothing of it, but for the console while Redis is away."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.services import OwnService, own_service
from tests.redis_server import RedisServer

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stops()


@pytest.fixture(scope="module")
def live_service(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[OwnService]:
    folder = tmp_path_factory.mktemp("two-workers")
    with own_service(folder, workers="2", redis_url=redis_server.url) as service:
        yield service


def test_the_console_says_when_redis_is_away_and_alerts_go_on(
    redis_server: RedisServer, town: Any, open_console: Callable[..., Page], show: Show
) -> None:
    console = open_console(size=DESKTOP)
    expect(console.locator("[data-alarm]")).to_have_count(0)
    redis_server.stops()
    try:
        apart = console.locator("[data-alarm=apart]")
        expect(apart).to_contain_text("Redis 不可用")
        show(console, "console-apart")
        town.sos()
        expect(console.locator("[data-incident]")).to_have_count(1)
    finally:
        redis_server.runs()
    expect(apart).to_have_count(0)


def test_the_same_on_a_phone_in_english(
    redis_server: RedisServer,
    open_console: Callable[..., Page],
    show: Show,
    no_overflow: Callable[[Page], None],
) -> None:
    console = open_console(language="en-GB")
    redis_server.stops()
    try:
        expect(console.locator("[data-alarm=apart]")).to_contain_text("through the database")
        show(console, "console-apart")
        no_overflow(console)
    finally:
        redis_server.runs()
    expect(console.locator("[data-alarm=apart]")).to_have_count(0)
