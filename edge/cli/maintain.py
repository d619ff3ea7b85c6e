"""``hearth maintain``, as a timer calls it every night."""

from edge.at_rest import DATABASE
from edge.errors import ModelError
from edge.maintenance import clear, damaged_models, look_after_database
from edge.service import log_to_stderr, run_async
from edge.settings import Settings
from models.store import Store


def maintain(settings: Settings) -> list[str]:
    """Look after what is kept. Returns the names of what was removed. Raises StorageError for a damaged database,
    ModelError for damaged models.
    """
    log_to_stderr(settings.log_level, settings.log_format)
    removed = clear(settings.data_dir, settings.models_dir)
    run_async(look_after_database, settings.data_dir / DATABASE)
    if damaged := damaged_models(Store(settings.models_dir)):
        names = " ".join(damaged)
        raise ModelError(f"damaged models: {names}", f"run `hearth models fetch {names}`, and restart the assistant")
    return removed
