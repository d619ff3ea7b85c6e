"""Sentences: how much of what people say is understood, and what is done that nobody asked for."""
