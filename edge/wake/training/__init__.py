"""Making a model for a wake word of one's own, from its phrase and a few recordings."""
