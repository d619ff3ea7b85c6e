"""A house that lives through a day in minutes, and whether the assistant is afterwards what it was before."""
