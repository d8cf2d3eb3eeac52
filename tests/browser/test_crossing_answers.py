"""An answer over HTTP takes a while, and the socket does not wait for it: what was told meanwhile is not undone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.between import LateAnswers, Line, Message, through
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]

HOW_I_STAND = "**/v1/responders/me"


class KeepingAnswersBack(Line):
    """What the page says goes through, but for its answers to alerts."""

    def to_service(self, message: Message) -> None:
        if message["type"] != "answer":
            super().to_service(message)


@pytest.fixture
def asking_again(on_duty: Callable[..., Page]) -> Callable[..., tuple[Page, LateAnswers]]:
    """A first-aider's page, opened anew after something happened on it; how they stand is still under way."""

    def opened(happens: Callable[[Page], None] = lambda _page: None, **options: Any) -> tuple[Page, LateAnswers]:
        page = on_duty("王芳", north_m=90, east_m=0, **options)
        happens(page)
        late = LateAnswers(page, HOW_I_STAND)
        page.reload()
        expect(page.locator("#connection[data-state=live]")).to_be_visible()
        # Asked when the page starts, and when it is live.
        late.wait(2)
        return page, late

    return opened


def test_an_alert_that_has_ended_since_does_not_ring_again(asking_again: Callable[..., Any], town: Any) -> None:
    calls: list[str] = []

    def be_alerted(page: Page) -> None:
        calls.append(town.sos()["incident_id"])
        expect(page.locator("#accept")).to_be_visible()

    page, late = asking_again(be_alerted)
    town.say(calls[0], "cancel", reason="false_alarm")
    expect(page.locator("dialog.stand-down")).to_be_visible()
    late.arrive()
    expect(page.locator("#duty")).to_be_visible()
    expect(page.locator(".alert-screen")).to_have_count(0)


def test_a_task_that_has_ended_since_is_not_taken_up_again(asking_again: Callable[..., Any], town: Any) -> None:
    calls: list[str] = []

    def accept(page: Page) -> None:
        calls.append(town.sos()["incident_id"])
        page.locator("#accept").click()
        expect(page.locator("#patient")).to_be_visible()

    page, late = asking_again(accept)
    town.say(calls[0], "ambulance", arrived=True)
    expect(page.locator("dialog.stand-down")).to_be_visible()
    late.arrive()
    expect(page.locator("#duty")).to_be_visible()
    expect(page.locator("#patient")).to_have_count(0)


def test_an_alert_that_has_come_since_is_not_closed(asking_again: Callable[..., Any], town: Any) -> None:
    page, late = asking_again()
    town.sos()
    expect(page.locator("#accept")).to_be_visible()
    late.arrive()
    expect(page.locator("#duty")).to_be_attached()
    expect(page.locator(".alert-screen")).to_have_count(1)


def test_an_alert_that_was_declined_since_stays_away(asking_again: Callable[..., Any], town: Any) -> None:
    # The "no" is on its way for longer than the question how things stand.
    page, late = asking_again(prepare=through(KeepingAnswersBack))
    town.sos()
    page.locator("#decline").click()
    late.arrive()
    expect(page.locator("#duty")).to_be_visible()
    expect(page.locator(".alert-screen")).to_have_count(0)


def test_an_answer_about_somebody_who_has_signed_out_is_not_shown_to_who_signed_in(
    asking_again: Callable[..., Any], live_service: Any, town: Any
) -> None:
    page, late = asking_again()
    late.hold_no_more()
    token = live_service.token("responder", town.add_responder("李强"))
    page.evaluate("token => { location.hash = `token=${token}`; }", token)
    expect(page.locator(".duty-state")).to_contain_text("李强")
    late.arrive()
    # Something that is drawn after it.
    page.locator("[data-language-switch]").click()
    expect(page.locator(".duty-state")).to_contain_text("Off duty")
    expect(page.locator(".duty-state")).to_contain_text("李强")
    expect(page.locator(".rows dd").first).to_have_text("Shared while on duty")


def test_a_call_that_was_left_does_not_draw_over_the_next(
    open_caller: OpenPage, hold_sos: Callable[[Page], None]
) -> None:
    caller = open_caller()
    late = LateAnswers(caller, "**/v1/incidents/*")
    hold_sos(caller)
    late.wait()
    late.hold_no_more()
    caller.locator("#cancel").click()
    caller.get_by_role("button", name="误触").click()
    caller.locator("#leave").click()
    hold_sos(caller)
    expect(caller.locator("#cancel")).to_be_visible()
    # Its token is spent by now: as if the call were gone.
    late.arrive(status=404)
    expect(caller.locator("#following .status")).to_contain_text("附近暂时没有可用的救护员")
    expect(caller.locator("#cancel")).to_be_visible()


def test_an_aed_that_was_lost_since_is_not_drawn_as_usable(open_page: OpenPage, town: Any) -> None:
    aed_id = town.add_aed("文化广场", north_m=200, east_m=80)
    page = open_page("/map", place=town.place())
    late = LateAnswers(page, "**/v1/aeds?bbox=*")
    place = town.place()
    page.evaluate(
        """async ([longitude, latitude]) => {
          const { AedLayer } = await import("/web/aed_layer.js");
          window.layer = new AedLayer(() => (window.drawn = true));
          layer.look([longitude - 0.01, latitude - 0.01, longitude + 0.01, latitude + 0.01]);
        }""",
        [place["longitude"], place["latitude"]],
    )
    late.wait()
    page.evaluate(
        """id => layer.take({
          type: "aed", id, name: "文化广场", location: { latitude: 30, longitude: 120 },
          readiness: "out_of_service", usable_now: false, removed: false,
        })""",
        aed_id,
    )
    page.evaluate("window.drawn = false")
    late.arrive()
    until(page, lambda: page.evaluate("window.drawn"))
    assert page.evaluate("id => layer.features.get(id).properties.usable_now", aed_id) is False


def test_the_aed_that_was_tapped_last_is_the_one_that_is_shown(open_page: OpenPage, town: Any) -> None:
    slow = town.add_aed("文化广场", north_m=100, east_m=0)
    quick = town.add_aed("体育馆", north_m=-200, east_m=0)
    page = open_page("/map", place=town.place(), size={"width": 1200, "height": 800})
    late = LateAnswers(page, f"**/v1/aeds/{slow}")
    page.locator(f"[data-aed='{slow}']").click()
    late.wait()
    page.locator(f"[data-aed='{quick}']").click()
    expect(page.locator(".details-card h2")).to_have_text("体育馆")
    late.arrive()
    page.locator("[data-language-switch]").click()
    expect(page.locator("#nearest-title")).to_have_text("Nearest to me")
    expect(page.locator(".details-card h2")).to_have_text("体育馆")


def test_a_place_that_was_found_after_going_off_duty_is_not_told(open_page: OpenPage, town: Any) -> None:
    page = open_page("/map", place=town.place())
    told = page.evaluate(
        """async () => {
          const { PositionSharing } = await import("/web/responder/sharing.js");
          const at = { coords: { latitude: 30, longitude: 120, accuracy: 10 }, timestamp: Date.now() };
          let found;
          let again;
          navigator.geolocation.watchPosition = () => 1;
          navigator.geolocation.getCurrentPosition = (resolve) => (found = () => resolve(at));
          window.setInterval = (look) => { again = look; return 1; };
          const sent = [];
          const sharing = new PositionSharing((fix) => sent.push(fix) > 0, () => undefined);
          sharing.start();
          again();
          sharing.stop();
          found();
          await Promise.resolve().then(() => undefined);
          const after = sharing.state;
          sharing.start();
          return { sent: sent.length, after, once_more: sharing.state };
        }"""
    )
    # Were it taken for shared, going on duty again would start nothing.
    assert told == {"sent": 0, "after": "off", "once_more": "asking"}


def test_an_incident_that_went_another_way_takes_the_place_of_what_the_console_was_told(open_page: OpenPage) -> None:
    page = open_page("/console")
    board = page.evaluate(
        """async () => {
          const { Board } = await import("/web/console/board.js");
          const board = new Board("", { onIncident: () => undefined, onPicture: () => undefined });
          const timeline = (...kinds) => kinds.map((kind, index) => ({ number: index + 1, kind }));
          const take = (version, state, more, ...kinds) => {
            const incident = { incident_id: "one", opened_at: "", version, state, timeline: timeline(...kinds) };
            board.takeIncident({ type: "incident", ...incident, ...more });
            const known = board.incidents.get("one");
            return [known.version, known.state, known.timeline.map((entry) => entry.kind)];
          };
          take(3, "responding", {}, "opened", "planned", "accepted");
          return [take(2, "closed", {}, "opened", "planned"), take(2, "closed", { anew: true }, "opened", "closed")];
        }"""
    )
    assert board == [
        [3, "responding", ["opened", "planned", "accepted"]],
        [2, "closed", ["opened", "closed"]],
    ]


class Recalling(Line):
    """Keeps the last word about the incident, to be said again otherwise."""

    last: Message

    def to_page(self, message: Message) -> None:
        if message["type"] == "incident":
            self.last = message
        super().to_page(message)


def test_an_incident_that_went_another_way_takes_the_place_of_what_the_caller_was_told(
    open_caller: Callable[..., Page], town: Any
) -> None:
    lines: list[Recalling] = []

    def recalling(socket: WebSocketRoute) -> Line:
        lines.append(Recalling(socket))
        return lines[-1]

    page = open_caller(prepare=through(recalling))
    page.locator("#sos").focus()
    page.keyboard.down("Space")
    expect(page.locator("#following")).to_be_visible()
    page.keyboard.up("Space")
    (incident,) = town.incidents_here()
    hands = page.locator("#cpr-now")
    town.say(incident["incident_id"], "cpr", in_progress=True)
    expect(hands).to_be_checked()
    line, told = lines[-1], {name: each for name, each in lines[-1].last.items() if name != "seq"}
    line.to_page(told | {"version": told["version"] + 5})
    line.to_page(told | {"version": told["version"] + 1, "cpr_in_progress": False})
    # What is said after it has been drawn: an older word changes nothing.
    line.to_page({"type": "service", "degraded": True})
    expect(page.locator("[data-quiet=degraded]")).to_be_visible()
    expect(hands).to_be_checked()
    line.to_page(told | {"version": told["version"] + 1, "cpr_in_progress": False, "anew": True})
    expect(hands).not_to_be_checked()
