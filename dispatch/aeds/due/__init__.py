"""Rules on time: devices and orders are looked at again when their row says so, and never all at once."""
