"""What one recipient was told, by number: whether anything is missing, came twice, or had to be read afresh."""

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass(slots=True)
class Numbering:
    """Where a recipient stands in its mailbox. `faults` says in words what was not as the contract has it."""

    epoch: str | None = None
    seq: int = 0
    faults: list[str] = field(default_factory=list)
    heard: int = 0
    repeated: int = 0
    unnumbered: int = 0
    reloads: int = 0

    def resume_point(self) -> Message | None:
        """What a hello resumes from; None before the first welcome."""
        return None if self.epoch is None else {"epoch": self.epoch, "seq": self.seq}

    def begin(self, welcome: Message, asked: Message | None, *, may_reload: bool) -> bool:
        """Take in a welcome, the answer to a hello that resumed from `asked`. True when state must be read afresh."""
        # What is begun while the database is away has no mailbox: nothing of it can be resumed, and an older one stays.
        has_mailbox = not welcome.get("degraded", False)
        if asked is None:
            if has_mailbox:
                self.epoch, self.seq = welcome["epoch"], welcome["seq"]
            return False
        if welcome["resumed"]:
            if (welcome["epoch"], welcome["seq"]) != (asked["epoch"], asked["seq"]):
                self.faults.append(f"resumed at {welcome['epoch']}/{welcome['seq']} instead of {asked}")
            return False
        if not may_reload:
            self.faults.append(f"not resumed from {asked}, but begun at {welcome['epoch']}/{welcome['seq']}")
        self.reloads += 1
        if has_mailbox:
            self.epoch, self.seq = welcome["epoch"], welcome["seq"]
        return True

    def is_new(self, seq: int) -> bool:
        """Count a numbered message; False when it was here before."""
        if seq <= self.seq:
            self.repeated += 1
            return False
        if seq > self.seq + 1:
            self.faults.append(f"{seq} came after {self.seq} of epoch {self.epoch}")
        self.seq = seq
        self.heard += 1
        return True
