"""What was done to a device, and until when the register has to have noticed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.aeds.health.conclusion import Conclusion
from dispatch.aeds.health.deadlines import Trouble
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.record import Readiness


@dataclass(slots=True)
class Open:
    """A trouble that nobody has noticed yet. `deadline` None: policy lets nobody look."""

    trouble: Trouble
    what: str
    since: datetime
    deadline: datetime | None
    causes: frozenset[Cause]
    reasons: frozenset[str] = frozenset()

    def shows_in(self, conclusion: Conclusion) -> bool:
        """Whether the register says so: with a state that is not `ready`, for one of the causes or reasons."""
        return any(
            finding.state is not Readiness.READY and (finding.cause in self.causes or finding.reason in self.reasons)
            for finding in conclusion.findings
        )


def causes(*names: Cause) -> frozenset[Cause]:
    """These causes, and the silence that hides everything else."""
    return frozenset({*names, Cause.SILENT})


def without(troubles: Iterable[Open], what: str) -> list[Open]:
    """Those that are not about this: it has been put right."""
    return [each for each in troubles if each.what != what]
