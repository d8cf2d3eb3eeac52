"""One way for everything that may change what is known of devices: one transaction, one conclusion, one event list."""
