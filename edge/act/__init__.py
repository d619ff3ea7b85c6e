"""From intent to outcome: skills, and the dispatch that runs one under its deadline."""
