"""How well it hears and understands, measured on labelled recordings and sentences: ``hearth eval``."""
