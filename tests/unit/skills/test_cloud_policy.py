"""When the larger model is asked, when a question is kept, and why neither."""

from dataclasses import replace
from itertools import product

import pytest

from edge.act.skills.cloud.policy import Cause, Decision, Situation, Step, Why, decide
from edge.asking import Kind

ASKED = Situation(
    cause=Cause.ASKED_FOR,
    kind=Kind.QUESTION,
    about_house=False,
    bridge=True,
    setting="questions",
    consent=True,
    link=True,
    quota=True,
    keeps=True,
)
UNSURE = replace(ASKED, cause=Cause.UNSURE)
NEEDED = replace(ASKED, cause=Cause.NEEDED)
ASK, KEEP = Decision(Step.ASK), Decision(Step.KEEP, Why.OFFLINE)


def no(why: Why) -> Decision:
    return Decision(Step.NO, why)


@pytest.mark.parametrize(
    ("situation", "decision"),
    [
        (ASKED, ASK),
        (replace(ASKED, kind=Kind.OTHER), ASK),
        (replace(ASKED, kind=Kind.COMMAND), ASK),
        (replace(ASKED, about_house=True), ASK),
        (replace(ASKED, setting="asked"), ASK),
        (replace(ASKED, bridge=False), no(Why.NONE)),
        (replace(ASKED, setting="never"), no(Why.OFF)),
        (replace(ASKED, consent=False), no(Why.CONSENT)),
        (replace(ASKED, quota=False), no(Why.QUOTA)),
        (replace(ASKED, link=False), KEEP),
        (replace(ASKED, link=False, quota=False), KEEP),
        (replace(ASKED, link=False, kind=Kind.OTHER), KEEP),
        (replace(ASKED, link=False, kind=Kind.COMMAND), no(Why.COMMAND)),
        (replace(ASKED, link=False, about_house=True), no(Why.HOUSE)),
        (replace(ASKED, link=False, keeps=False), no(Why.UNKEPT)),
        (UNSURE, ASK),
        (replace(UNSURE, link=False), KEEP),
        (replace(UNSURE, kind=Kind.OTHER), no(Why.NOT_A_QUESTION)),
        (replace(UNSURE, kind=Kind.COMMAND), no(Why.NOT_A_QUESTION)),
        (replace(UNSURE, about_house=True), no(Why.NOT_A_QUESTION)),
        (replace(UNSURE, setting="asked"), no(Why.NOT_A_QUESTION)),
        (replace(UNSURE, setting="never"), no(Why.NOT_A_QUESTION)),
        (replace(UNSURE, consent=False), no(Why.CONSENT)),
        (replace(UNSURE, quota=False), no(Why.QUOTA)),
        (NEEDED, ASK),
        (replace(NEEDED, setting="asked"), ASK),
        (replace(NEEDED, setting="never"), no(Why.OFF)),
        (replace(NEEDED, link=False), KEEP),
        (replace(NEEDED, link=False, kind=Kind.COMMAND), no(Why.COMMAND)),
    ],
)
def test_what_is_decided(situation: Situation, decision: Decision) -> None:
    assert decide(situation) == decision


def test_what_wants_something_done_is_never_kept() -> None:
    for cause, house, link, quota, setting in product(
        Cause, (True, False), (True, False), (True, False), ("never", "asked", "questions")
    ):
        situation = replace(
            ASKED, cause=cause, kind=Kind.COMMAND, about_house=house, link=link, quota=quota, setting=setting
        )
        assert decide(situation).step is not Step.KEEP


def test_nothing_leaves_the_house_without_consent() -> None:
    for cause, kind, house, link, keeps in product(Cause, Kind, (True, False), (True, False), (True, False)):
        situation = replace(ASKED, cause=cause, kind=kind, about_house=house, link=link, keeps=keeps, consent=False)
        assert decide(situation).step is Step.NO
