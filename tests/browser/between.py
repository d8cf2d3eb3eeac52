"""Standing between a page and the service: holding answers back, changing what is said on the socket."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute

from tests.browser.waiting import until

Message = dict[str, Any]


class Line:
    """One socket of a page, with somebody who listens in and can speak for either end."""

    def __init__(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        self._server = socket.connect_to_server()
        socket.on_message(lambda frame: self.to_service(json.loads(frame)))
        self._server.on_message(lambda frame: self.to_page(json.loads(frame)))

    def to_service(self, message: Message) -> None:
        """What the page says goes on to the service."""
        self._server.send(json.dumps(message))

    def to_page(self, message: Message) -> None:
        """What the service says goes on to the page."""
        self._socket.send(json.dumps(message))


def through(line: Callable[[WebSocketRoute], Line]) -> Callable[[Page], None]:
    """Before a page loads: its sockets go through this kind of line."""

    def prepare(page: Page) -> None:
        def opened(socket: WebSocketRoute) -> None:
            line(socket)

        page.route_web_socket("**/v1/stream", opened)

    return prepare


class LateAnswers:
    """The service answers this page at once; the page hears of it only when `arrive` is called.

    Each answer is of the moment at which it was asked for, as on a line that is slow in one direction.
    """

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[tuple[Route, Any]] = []
        self._holds = True
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._holds:
            self._held.append((route, route.fetch()))
        else:
            route.continue_()

    def wait(self, number: int = 1) -> None:
        """Until so many answers are under way."""
        until(self._page, lambda: len(self._held), lambda held: held >= number)

    def hold_no_more(self) -> None:
        """What is asked from now on is answered as ever; what is under way stays so."""
        self._holds = False

    def arrive(self, status: int | None = None) -> None:
        """All of them, in the order of their questions; with a status of the test's own, where one is given."""
        self.hold_no_more()
        for route, answer in self._held:
            route.fulfill(response=answer, status=status)
