"""``python -m models …``: the commands of ``hearth models`` before anything else is installed."""

import sys

from edge.errors import AssistantError
from models.cli import app

try:
    app(prog_name="python -m models")
except AssistantError as error:
    print(f"hearth: {error}", file=sys.stderr)
    sys.exit(1)
