"""How well the registry is looked after, in numbers."""
