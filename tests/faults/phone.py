"""A first-aider's phone, as far as alerts go: what it shows, from what it was told and what its owner said."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Message = dict[str, Any]

# What a finding tells of the moments before it.
_REMEMBERED = 12

# Stages after which the owner is free again.
FINISHED = frozenset({"done", "gave_up"})


@dataclass(slots=True)
class Held:
    """Since when its owner knew of an alert, and until when (None: still does)."""

    since: datetime
    until: datetime | None


@dataclass(slots=True)
class Phone:
    """At most one alert on offer and one assignment. An alert is applied once, whatever number it comes under.

    `doubles` says in words when there would have been two at once: the service must never let that happen.
    """

    offered: Message | None = None
    assigned: Message | None = None
    said_yes: bool = False
    # By alert: how often it came as an alert, as an assignment, as a stand-down; and what the owner has finished.
    alerts: Counter[str] = field(default_factory=Counter)
    assignments: Counter[str] = field(default_factory=Counter)
    stand_downs: Counter[str] = field(default_factory=Counter)
    finished: set[str] = field(default_factory=set)
    # What its owner saw while it was to be answered, or went to: since when, and until when they were bound by it as
    # far as they knew.
    held: dict[str, list[Held]] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)
    history: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _doubled: set[str] = field(default_factory=set)

    def alert(self, message: Message, now: datetime) -> bool:
        """An alert has come; True when it is a new one, which its owner sees.

        One whose time is over by then does not ring, nor take the place of another; where nothing is on, its owner may
        still say yes to it.
        """
        alert_id = message["alert_id"]
        self.alerts[alert_id] += 1
        if self.alerts[alert_id] > 1 or alert_id in self.stand_downs or alert_id in self.assignments:
            return False
        showing = self.present_offer(now)
        is_over = now >= _respond_by(message)
        if is_over and (self.assigned is not None or showing is not None):
            return False
        if self.assigned is not None:
            self._double(f"alert {alert_id} came while assigned to {self.assigned['alert_id']}")
        if showing is not None:
            self._double(f"alert {alert_id} came while {showing['alert_id']} was on offer")
        self.offered, self.said_yes = message, False
        if not is_over:
            self._hold(alert_id, now, _respond_by(message))
        return True

    def assignment(self, message: Message, now: datetime) -> bool:
        """An assignment has come; True when its owner is now to go, and was not before."""
        alert_id = message["alert_id"]
        self.assignments[alert_id] += 1
        if alert_id in self.finished:
            # It crossed with the owner's last word.
            return False
        self._hold(alert_id, now, None)
        is_new = self.assigned is None or self.assigned["alert_id"] != alert_id
        if self.assigned is not None and is_new:
            self._double(f"assignment {alert_id} came while assigned to {self.assigned['alert_id']}")
        showing = self.present_offer(now)
        if showing is not None and showing["alert_id"] != alert_id:
            self._double(f"assignment {alert_id} came while {showing['alert_id']} was on offer")
        if self.offered is not None and self.offered["alert_id"] == alert_id:
            self.offered = None
        self.assigned = message
        return is_new

    def stand_down(self, message: Message, now: datetime) -> None:
        """Told to stop."""
        alert_id = message["alert_id"]
        self.stand_downs[alert_id] += 1
        self._forget(alert_id, now)

    def yes(self) -> None:
        """The owner has said yes to what is on offer; it stays on the screen until the service answers."""
        self.said_yes = True

    def no(self, alert_id: str, now: datetime) -> None:
        """The owner has said no."""
        self._forget(alert_id, now)

    def not_taken(self, now: datetime) -> None:
        """The service has refused the yes."""
        if self.said_yes and self.offered is not None:
            self._forget(self.offered["alert_id"], now)

    def finish(self, alert_id: str, now: datetime) -> None:
        """The owner has done their part, or given up."""
        self.finished.add(alert_id)
        self._forget(alert_id, now)

    def read_afresh(self, me: Message, now: datetime) -> None:
        """Show what `GET /v1/responders/me` says, except what the owner has ended meanwhile."""
        alert, assignment = me["alert"], me["assignment"]
        self.offered = alert if alert and alert["alert_id"] not in self.finished else None
        self.assigned = assignment if assignment and assignment["alert_id"] not in self.finished else None
        for shown, told in ((alert, self.alerts), (assignment, self.assignments)):
            if shown:
                told[shown["alert_id"]] += 1
        shows = {each["alert_id"] for each in (self.offered, self.assigned) if each is not None}
        for alert_id in self.held.keys() - shows:
            self._let_go(alert_id, now)
        if self.offered is not None and now < _respond_by(self.offered):
            self._hold(self.offered["alert_id"], now, _respond_by(self.offered))
        if self.assigned is not None:
            self._hold(self.assigned["alert_id"], now, None)

    def held_together(self, one: str, other: str) -> bool:
        """Whether the owner was bound by two alerts at a time, as far as they knew."""
        return any(
            (a.until is None or b.since < a.until) and (b.until is None or a.since < b.until)
            for a in self.held.get(one, ())
            for b in self.held.get(other, ())
        )

    def present_offer(self, now: datetime) -> Message | None:
        """What is on offer at that moment: a phone knows by itself when the time to answer is over."""
        if self.offered is None or now >= _respond_by(self.offered):
            return None
        return self.offered

    def shows(self, now: datetime) -> tuple[str | None, str | None]:
        """The alert on offer and the assignment, by alert id, as `GET /v1/responders/me` should have them."""
        offer = self.present_offer(now)
        return (offer["alert_id"] if offer else None, self.assigned["alert_id"] if self.assigned else None)

    def remember(self, what: str) -> None:
        """Keep in mind what happened to this phone, for whoever has to understand a finding."""
        self.history.append(f"{datetime.now(UTC):%M:%S.%f} {what}")

    def _double(self, text: str) -> None:
        # What changes about an assignment is told again and again: the fault is one.
        if text not in self._doubled:
            self._doubled.add(text)
            self.doubles.append("; ".join((text, *self.history)))

    def _hold(self, alert_id: str, now: datetime, until: datetime | None) -> None:
        held = self.held.setdefault(alert_id, [])
        if held and (held[-1].until is None or held[-1].until > now):
            held[-1].until = until
        else:
            held.append(Held(now, until))

    def _let_go(self, alert_id: str, now: datetime) -> None:
        for each in self.held.get(alert_id, ())[-1:]:
            each.until = now if each.until is None else min(now, each.until)

    def _forget(self, alert_id: str, now: datetime) -> None:
        self._let_go(alert_id, now)
        if self.offered is not None and self.offered["alert_id"] == alert_id:
            self.offered, self.said_yes = None, False
        if self.assigned is not None and self.assigned["alert_id"] == alert_id:
            self.assigned = None


def _respond_by(message: Message) -> datetime:
    return datetime.fromisoformat(message["respond_by"]).astimezone(UTC)
