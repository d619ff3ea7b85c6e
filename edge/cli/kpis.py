"""``hearth kpis``: how well the assistant has served, from what is kept on this device."""

from datetime import datetime
from pathlib import Path
from typing import Any

import anyio

from edge.at_rest import DATABASE
from edge.database import Database
from edge.errors import AssistantError
from edge.observe.kpi_store import KpiStore
from edge.observe.service import weeks_of
from edge.observe.weeks import as_row


def rows_of(data_dir: Path, count: int) -> list[dict[str, Any]]:
    """One for each of the last ``count`` weeks, the oldest first. Raises AssistantError where nothing is kept."""
    file = data_dir / DATABASE
    if not file.exists():
        raise AssistantError(f"nothing is kept in {file.parent}", "check HEARTH_DATA_DIR")

    async def read() -> list[dict[str, Any]]:
        async with Database(file) as database:
            found = await weeks_of(KpiStore(database), count, datetime.now().date())
            return [as_row(week) for week in found]

    return anyio.run(read)
