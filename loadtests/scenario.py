"""What the Locust users have to play, handed from the process that made it to Locust in a folder."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from geo.place import Place
from loadtests.crowd import CrowdMember
from loadtests.shapes import Shape

VARIABLE: Final = "LOADTESTS_SCENARIO"
_FILE: Final = "scenario.json"


@dataclass(frozen=True, slots=True)
class DeviceMember:
    """An AED that reports, with a token of its own."""

    aed_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """The shape, the responders and devices to play, the tokens of operators and of the office."""

    shape: Shape
    members: Sequence[CrowdMember]
    devices: Sequence[DeviceMember]
    operator_tokens: Sequence[str]
    admin_token: str

    @property
    def users(self) -> int:
        """How many Locust users there are in all: one each for the map's visitors, the devices and the office."""
        others = (self.shape.lookups_per_s, self.shape.reports_per_s, self.shape.office_per_s)
        return len(self.members) + len(self.operator_tokens) + self.shape.callers + sum(1 for each in others if each)

    def write(self, folder: Path) -> None:
        """Write the scenario to a file that only its owner reads: it holds tokens."""
        path = folder / _FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))


def scenario_folder() -> Path:
    """Answer the folder that the environment names. Raises KeyError when it names none."""
    return Path(os.environ[VARIABLE])


def scenario_in(folder: Path) -> Scenario:
    """Read the scenario of a folder."""
    written = json.loads((folder / _FILE).read_text())
    shape = written["shape"]
    return Scenario(
        shape=Shape(**{**shape, "incident_s": tuple(shape["incident_s"])}),
        members=[
            CrowdMember(each["id"], each["token"], Place(each["place"]["latitude"], each["place"]["longitude"]))
            for each in written["members"]
        ],
        devices=[DeviceMember(**each) for each in written["devices"]],
        operator_tokens=written["operator_tokens"],
        admin_token=written["admin_token"],
    )
