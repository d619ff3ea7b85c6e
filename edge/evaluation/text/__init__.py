"""Sentences: how much of what people say is understood."""
