"""What may leave the house: masked, by consent, and how it is forgotten."""
