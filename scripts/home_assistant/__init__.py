"""A real Home Assistant beside a real assistant: what each sees of the other."""
