"""Why something is settled: who brought it about, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from dispatch.access.tokens import Identity


class Occasion(StrEnum):
    """What makes devices be looked at; the `cause` of the events that follow from it."""

    REPORT = "report"
    EDIT = "edit"
    MOVE = "move"
    IMPORT = "import"
    TIME = "time"
    POLICY = "policy"
    ADOPTION = "adoption"


# In whose name things change that nobody did: a date that passed, a silence that grew too long.
BY_TIME = "time"


@dataclass(frozen=True, slots=True)
class Because:
    """`by` is `role:subject`, `source:NAME` or `time`."""

    by: str
    occasion: Occasion

    @staticmethod
    def of(who: Identity, occasion: Occasion) -> "Because":
        """Somebody with a token did it."""
        return Because(str(who), occasion)


TIME_PASSED = Because(BY_TIME, Occasion.TIME)
ADOPTED = Because(BY_TIME, Occasion.ADOPTION)
POLICY_CHANGED = Because(BY_TIME, Occasion.POLICY)
