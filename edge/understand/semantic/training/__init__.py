"""Fitting the semantic tier's head."""
