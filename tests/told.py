"""Finding what must not be told."""

import re


def tells(text: str, *secrets: str) -> bool:
    """Whether ``text`` holds one of ``secrets`` as a word: among the digits of times and ids they come up by chance."""
    return any(re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", text) for secret in secrets)
