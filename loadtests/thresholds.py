"""What is promised under load, each as a ratio to the same session's calibration, and whether it was kept.

Chosen from what one would promise a dispatch centre, not from what was seen. The reason stands beside each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Threshold:
    """A promise: the figure called `name` is at most `at_most`."""

    name: str
    at_most: float
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A promise and what was measured; `value` is None where nothing could be measured, which breaks it too."""

    threshold: Threshold
    value: float | None

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return self.value is not None and self.value <= self.threshold.at_most


_SOS: Final = (
    Threshold(
        "sos_failed", 0, "SOS without a 201, or not sent at all", "no emergency is turned away because there are others"
    ),
    Threshold(
        "alerts_missing", 0, "alerts that the service says it sent and no socket got", "an alert unseen saves nobody"
    ),
    Threshold("messages_lost", 0, "numbers that a recipient was never told", "at least once, every message"),
    Threshold("sessions_cut", 0, "sessions that the service ended by itself", "load is no reason to hang up"),
    Threshold(
        "alert_p50_ratio", 2, "SOS → alert, p50, against the quiet part",
        "half of all callers find at most one other SOS before theirs",
    ),
    Threshold(
        "alert_p99_ratio", 3, "SOS → alert, p99, against the quiet part's p99",
        "even one in a hundred has at most two before it",
    ),
    Threshold(
        "answer_p99_ratio", 3, "SOS → answer to the caller, p99, against the quiet part's p99",
        "the caller waits in the same line as the alerts",
    ),
)  # fmt: skip
_OTHERS: Final = (
    Threshold("calls_failed", 0, "anything else that was not answered as it should be", "nobody is turned away"),
    Threshold(
        "lookup_p99_ratio", 5, "tiles, nearest and search: p99 against the quiet part's",
        "a map may stutter where an SOS may not",
    ),
)  # fmt: skip
_OWN: Final = (
    Threshold(
        "late_share", 0.5, "how late SOS left the client under load, p99, as a share of SOS → alert's p99",
        "beyond that it would be the client that is measured",
    ),
)  # fmt: skip
_MORNING: Final = (
    Threshold(
        "duty_p99_ratio", 5, "from connecting to being on duty, p99, against the quiet part's p99",
        "a first-aider's button may take a moment longer at eight in the morning, and no more",
    ),
)  # fmt: skip
_POSITIONS: Final = (
    Threshold("positions_unsent", 0.01, "share of the asked rate that did not leave", "what is not sent is not load"),
    Threshold("positions_untaken", 0.001, "share of positions sent that were not taken", "all but those on their way"),
    Threshold(
        "position_cost_ratio", 3, "processor time a position, against a bare server that only reads it",
        "checking it and moving a point cost as much again each as reading a frame",
    ),
    Threshold(
        "pong_p99_ratio", 3, "ping → pong among positions, p99, against the quiet part's p99",
        "an alert's acknowledgement goes over the same line",
    ),
)  # fmt: skip
_STAMPEDE: Final = (
    Threshold("away", 0, "phones that did not come back", "everybody comes back"),
    Threshold("reloaded", 0, "phones that came back but could not resume", "nobody has to read everything anew"),
    Threshold("lost", 0, "messages that a phone was never told", "nothing is lost"),
    Threshold("alerts_missing", 0, "alerts of the SOS meanwhile that never arrived", "an alert unseen saves nobody"),
    Threshold("sos_failed", 0, "SOS without a 201", "no emergency is turned away because phones reconnect"),
    Threshold("amid_unalerted", 0, "SOS in the middle that nobody was alerted of", "who will be back is asked"),
    Threshold(
        "bare_ratio", 3, "time until the last is back, against a bare server's",
        "a token, a mailbox and a place cost at most as much again each as the handshake",
    ),
    Threshold(
        "amid_p50_ratio", 5, "SOS in the middle → first alert, p50, against before the drop",
        "between two greetings there is a turn for an SOS",
    ),
    Threshold(
        "amid_answer_share", 0.05, "the slowest answer to one of them, as a share of the whole stampede",
        "no caller stands in the phones' line",
    ),
    Threshold(
        "amid_worst_share", 0.25, "the slowest first alert of one of them, as a share of the whole stampede",
        "no caller stands in the phones' line",
    ),
    Threshold(
        "amid_since_back_share", 0.05,
        "the slowest first alert of one of them, from when the first of those alerted is back, as a share likewise",
        "while all lines are lost nobody can be told, but who has one again is",
    ),
)  # fmt: skip

THRESHOLDS: Final[Mapping[str, Sequence[Threshold]]] = {
    "morning": (*_SOS, *_OTHERS, *_MORNING, *_OWN),
    "storm": (*_SOS, *_OTHERS, *_OWN),
    "disaster": (*_SOS, *_OTHERS, *_OWN),
    "province": (*_POSITIONS, Threshold("sessions_cut", 0, _SOS[3].what, _SOS[3].reason)),
    "stampede": _STAMPEDE,
}


def judged(shape: str, measured: Mapping[str, float | None]) -> list[Verdict]:
    """Hold what was measured against what is promised for that shape."""
    return [Verdict(each, measured.get(each.name)) for each in THRESHOLDS[shape]]


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Answer the verdicts as people read them, a line each."""
    lines = []
    for verdict in verdicts:
        value = "not measured" if verdict.value is None else f"{verdict.value:.4g}"
        word = "kept  " if verdict.is_kept else "BROKEN"
        lines.append(f"{word} {verdict.threshold.name:20}{value:>14}  at most {verdict.threshold.at_most:g}")
        lines.append(f"       {verdict.threshold.what}: {verdict.threshold.reason}")
    return "\n".join(lines)
