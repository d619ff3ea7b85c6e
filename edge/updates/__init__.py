"""Other versions of the programs, and how one takes the place of the one that runs. See docs/updates.md.

Two programs of different rights work together, and only files are between them:

- what belongs to the assistant's user looks for a release, fetches it and asks for it (``looking``, ``keeper``);
- root's part believes nothing but signed metadata, which it verifies for itself, without a network (``laying``,
  ``exchange``, ``python -m edge.updates``).
"""
