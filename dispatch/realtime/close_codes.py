"""Why the service closes a socket. 3000-3499: come back; 3500-3999: do not, without a change of your own."""

from enum import IntEnum


class CloseCode(IntEnum):
    """The one table of close codes."""

    GOING_AWAY = 3000
    SLOW_READER = 3001
    SILENT = 3002
    NO_HELLO = 3003
    # The session began while the database was away; now there is a mailbox to be had.
    BEGIN_AGAIN = 3004
    # Also when a token runs out in the middle of a session.
    BAD_TOKEN = 3500
    BAD_HELLO = 3501
    TOO_MANY_ERRORS = 3502
