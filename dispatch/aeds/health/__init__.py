"""Whether a device works, and what has to be done about it. Pure: no clock, no network, no database."""
