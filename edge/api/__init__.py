"""How other programs reach the running assistant."""
