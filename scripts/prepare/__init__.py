"""Everything that ``./scripts/run`` and ``./scripts/test`` need before they can start. Standard library only."""
