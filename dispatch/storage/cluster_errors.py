"""Why there is no private database: each error's message says what to do about it."""


class PrivateDatabaseError(RuntimeError):
    """The private database cannot be had. Catch this one where a person is told."""


class PostgresMissing(PrivateDatabaseError):
    """There is no PostgreSQL server with PostGIS on this machine."""


class NoSuitableAccount(PrivateDatabaseError):
    """The database cannot be run as anybody here who may also reach its folder."""


class ClusterInUse(PrivateDatabaseError):
    """Another running process owns the private database of this data folder."""


class ClusterFailed(PrivateDatabaseError):
    """The private database could not be made or started; the message ends with what PostgreSQL said."""
