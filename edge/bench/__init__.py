"""How fast it is and what it takes, end to end, beside peers in the same run: ``hearth bench``."""
