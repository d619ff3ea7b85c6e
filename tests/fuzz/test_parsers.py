"""A bounded slice of ``scripts/fuzz``, always the same: for more, see docs/fuzzing.md."""

import pytest

from tests.fuzz import campaign
from tests.fuzz.parser import Parser

_ENTRIES = 60
"""Beside its seeds, for each parser."""


@pytest.mark.parametrize("parser", campaign.PARSERS, ids=lambda parser: parser.name)
def test_it_bears_what_nobody_sane_would_send(parser: Parser) -> None:
    told = campaign.fed(parser, 1, entries=len(parser.seeds) + _ENTRIES)
    assert not told.findings, "\n".join(
        f"{key}\n{said}\n{entry[:500]!r}" for key, (entry, said) in told.findings.items()
    )


def test_names_tell_parsers_apart() -> None:
    names = [parser.name for parser in campaign.PARSERS]
    assert len(names) == len(set(names))
    assert campaign.found(["template"])[0].about
    with pytest.raises(ValueError, match="nothing"):
        campaign.found(["nothing"])
