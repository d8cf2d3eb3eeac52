"""The city in virtual time: the same arrests under rival dispatch rules, and what becomes of the patients."""
