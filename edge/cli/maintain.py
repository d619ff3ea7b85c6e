"""``hearth maintain``, as a timer calls it every night."""

from edge.maintenance import clear, look_after_database
from edge.service import log_to_stderr, run_async
from edge.settings import Settings


def maintain(settings: Settings) -> list[str]:
    """Look after what is kept. Returns the names of what was removed. Raises StorageError for a damaged database."""
    log_to_stderr(settings.log_level, settings.log_format)
    removed = clear(settings.data_dir, settings.models_dir)
    run_async(look_after_database, settings.data_dir / "hearthside.db")
    return removed
