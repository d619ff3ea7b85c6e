"""What a campaign has come to, in words: what passed and where, what failed, what is left out, what was not reached."""

from collections import Counter
from collections.abc import Iterable, Iterator

from scripts.arm.campaign import Campaign, Outcome
from scripts.prepare.cores import Core


def told(campaign: Campaign, core: Core) -> tuple[str, bool]:
    """The text, and whether there is anything in it that should not be."""
    planned = frozenset(campaign.tests)
    left_out = campaign.left_out()
    known = {test: one for test, one in campaign.outcomes().items() if test in planned and test not in left_out}
    by_kind = {kind: [one for one in known.values() if one.outcome == kind] for kind in ("passed", "failed", "skipped")}
    missing = [test for test in campaign.tests if test not in known and test not in left_out]
    hours = sum(one.seconds for one in known.values()) / 3600
    lines = [
        f"{core.name}: of {len(planned)} tests at {campaign.commit}, {len(by_kind['passed'])} passed, "
        f"{len(by_kind['failed'])} failed, {len(by_kind['skipped'])} skipped, {len(left_out)} left out, "
        f"{len(missing)} not reached; {hours:.1f} hours",
        *(f"  {number} ran at {commit}" for commit, number in Counter(one.commit for one in known.values()).items()),
        *(f"FAILED {one.test} ({one.seconds:.0f} s): {one.why}" for one in by_kind["failed"]),
        *(f"SKIPPED {one.test}: {one.why}" for one in by_kind["skipped"]),
        *(f"LEFT OUT {test}: {why}" for test, why in left_out.items()),
        *_not_reached(missing, known.values()),
    ]
    return "\n".join(lines), bool(by_kind["failed"] or missing)


def _not_reached(missing: Iterable[str], known: Iterable[Outcome]) -> Iterator[str]:
    """By file, with how many of it were."""
    reached = Counter(_file(one.test) for one in known)
    for file, number in Counter(map(_file, missing)).items():
        yield f"NOT REACHED {file}: {number} of {number + reached[file]}"


def _file(test: str) -> str:
    return test.partition("::")[0]
