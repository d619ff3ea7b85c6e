"""How much of what is personal is masked, and how little else: on sentences that the patterns were not made for."""

import re
from pathlib import Path

from edge.privacy.masking import Masker

FILE = Path(__file__).with_name("sentences.txt")
HOUSE = ("Marlene", "Ravi Patel", "Joy", "Will")
MARKED = re.compile(r"\{([^}]*)\}")


def measured() -> tuple[float, float, list[str]]:
    """Precision and recall by characters, and the sentences that were not masked as marked."""
    right = masked = personal = 0
    wrong = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, _, marked = line.partition(" ")
        text, wanted = MARKED.sub(r"\1", marked), set[int]()
        shift = 0
        for match in MARKED.finditer(marked):
            start = match.start() - shift
            wanted |= set(range(start, start + len(match[1])))
            shift += 2
        found = set[int]()
        for start, end, _ in Masker(language, HOUSE)._found(text):
            found |= set(range(start, end))
        right, masked, personal = right + len(wanted & found), masked + len(found), personal + len(wanted)
        if wanted != found:
            wrong.append(f"{language} {text} -> {Masker(language, HOUSE).mask(text).text}")
    return right / masked, right / personal, wrong


def test_almost_all_that_is_personal_is_masked_and_hardly_anything_else() -> None:
    precision, recall, wrong = measured()
    assert precision >= 0.98, wrong
    assert recall >= 0.95, wrong


if __name__ == "__main__":
    precision, recall, wrong = measured()
    print(f"precision {precision:.3f}, recall {recall:.3f}", *wrong, sep="\n")
