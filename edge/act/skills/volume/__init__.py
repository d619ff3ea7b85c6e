"""The volume of the assistant's own voice."""

from edge.act.skills.volume.skill import Volume
from edge.ports import SkillContext


def build(context: SkillContext) -> Volume:
    """The skill, remembering in the context's storage."""
    return Volume(context.loudness, context.storage)
