"""Routines."""

from edge.act.skills.routines.skill import Routines
from edge.act.skills.routines.store import RoutineStore
from edge.ports import SkillContext


def build(context: SkillContext) -> Routines:
    """The skill, with what was taught in the context's storage and what is written in ``routines.yaml``."""
    return Routines(
        RoutineStore(context.storage), context.interpreter, context.data_dir / "routines.yaml", context.language
    )
