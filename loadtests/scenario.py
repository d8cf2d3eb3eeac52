"""What the Locust users have to play, handed from the process that made it to Locust in a file."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from geo.place import Place
from loadtests.crowd import CrowdMember

VARIABLE: Final = "LOADTESTS_SCENARIO"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Responders to play, operators to play, and how many SOS a second the callers send together."""

    members: Sequence[CrowdMember]
    operator_tokens: Sequence[str]
    callers: int
    sos_per_s: float

    def write(self, path: Path) -> None:
        """Write the scenario to a file that only its owner reads: it holds tokens."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))


def scenario_from_environment() -> Scenario:
    """Read the scenario that the environment names. Raises KeyError when it names none."""
    written = json.loads(Path(os.environ[VARIABLE]).read_text())
    members = [
        CrowdMember(each["id"], each["token"], Place(each["place"]["latitude"], each["place"]["longitude"]))
        for each in written.pop("members")
    ]
    return Scenario(members=members, **written)
