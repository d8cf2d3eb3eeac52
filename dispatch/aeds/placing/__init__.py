"""Where devices hang, and hung: moves, and the history of a device."""
