"""How often an owner's devices fail, learned from what their reports tell."""
