"""Small talk."""

from edge import plugins
from edge.act.skills.talk.skill import Talk
from edge.ports import SkillContext


def build(context: SkillContext) -> Talk:
    """The skill, with the examples that installed skills have in ``examples/<language>.txt``, one a line."""
    examples = []
    for name in plugins.names("skills"):
        folder = plugins.folder("skills", name)
        file = folder / "examples" / f"{context.language[:2]}.txt" if folder else None
        if file is not None and file.is_file():
            examples.append([line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()])
    # One of each skill before the second of any.
    longest = max(map(len, examples), default=0)
    mixed = [lines[row] for row in range(longest) for lines in examples if row < len(lines)]
    return Talk(context.house, context.history, context.interpreter, mixed)
