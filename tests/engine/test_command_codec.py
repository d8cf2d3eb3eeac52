"""Commands on their way from one worker to another stay what they were."""

from datetime import UTC, datetime
from typing import get_args

import orjson
import pytest

from dispatch.encoding import to_json_text
from dispatch.engine.command_codec import command_from_json, command_to_json
from dispatch.rescue import commands
from dispatch.rescue.commands import Command
from dispatch.rescue.vocabulary import AedId, AedProblem, AlertId, AlertState, CancelReason, ResponderId

NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
ALERT, RESPONDER, AED = AlertId("a1"), ResponderId("r1"), AedId("d1")

EVERY_KIND: list[Command] = [
    commands.ConfirmReceipt((ALERT, AlertId("a2"))),
    commands.Accept(ALERT, RESPONDER),
    commands.Decline(ALERT, RESPONDER, off_duty=True),
    commands.Progress(ALERT, RESPONDER, AlertState.EN_ROUTE),
    commands.ReportAedProblem(ALERT, RESPONDER, AedProblem.LOCKED),
    commands.LoseAed(AED),
    commands.TakeAed(AED, ALERT),
    commands.LookAround(),
    commands.LoseWays((ALERT,)),
    commands.LetTimePass(),
    commands.Widen(),
    commands.ExpectAmbulance(NOON, unit="7", said_at=NOON),
    commands.AmbulanceArrives(),
    commands.SetCpr(in_progress=True),
    commands.GiveCase("hz120", "2026-0617"),
    commands.Cancel(CancelReason.FALSE_ALARM),
    commands.Close("over"),
]


@pytest.mark.parametrize("command", EVERY_KIND, ids=lambda each: type(each).__name__)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    assert command_from_json(orjson.loads(to_json_text(command_to_json(command)))) == command


def test_there_is_no_other_kind() -> None:
    assert {type(each) for each in EVERY_KIND} == set(get_args(Command))


@pytest.mark.parametrize("said", [{}, {"command": "Explode"}, {"command": "Accept"}, {"command": "Close", "by": "x"}])
def test_what_is_no_command_is_refused(said: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        command_from_json(said)
