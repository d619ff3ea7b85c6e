"""Hearthside as a service of a board: install, bring up to date, remove. Needs nothing but Python's own library."""
