"""Pages of lists."""

import pytest

from edge.api.web.listing import Window, cursor, cut, window
from edge.api.web.problems import Refusal

_NAMES = [f"light.{n:02}" for n in range(7)]


def _whole(*, descending: bool = False, limit: int = 3) -> list[list[str]]:
    after, pages = None, []
    while True:
        items, after = cut(_NAMES[::-1], str, window(limit, after), descending=descending)
        pages.append(items)
        if after is None:
            return pages


@pytest.mark.parametrize(("descending", "wanted"), [(False, _NAMES), (True, _NAMES[::-1])])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_the_parts_make_the_whole(limit: int, descending: bool, wanted: list[str]) -> None:
    pages = _whole(descending=descending, limit=limit)
    assert [name for page in pages for name in page] == wanted
    assert all(len(page) == limit for page in pages[:-1])


def test_what_comes_and_goes_meanwhile_moves_nothing() -> None:
    first, after = cut(_NAMES, str, window(3))
    changed = [name for name in _NAMES if name != first[-1]] + ["light.00a"]
    second, _ = cut(changed, str, window(3, after))
    assert second == _NAMES[3:6]


@pytest.mark.parametrize("key", ["a.b", 7, 2.5, -(2**63)])
def test_a_cursor_gives_back_its_key(key: str | int | float) -> None:
    assert window(5, cursor(key)) == Window(5, key)


@pytest.mark.parametrize(
    "wrong",
    ["", "?", "!!!!", "bnVsbA", "dHJ1ZQ", "W10", "TmFO", cursor(2**63), cursor("\ud800"), "\N{SNOWMAN}", "W1tb" * 100],
)
def test_what_is_no_cursor_is_refused(wrong: str) -> None:
    with pytest.raises(Refusal) as refused:
        window(5, wrong)
    assert refused.value.status_code == 422


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Refusal):
        cut(_NAMES, str, window(5, cursor(7)))
