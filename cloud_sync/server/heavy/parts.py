"""Heavy questions, put together on a store that is up to date."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.routing import Route

from cloud_sync.server.database import Database
from cloud_sync.server.heavy.answering import Answerer
from cloud_sync.server.heavy.budget import Budget
from cloud_sync.server.heavy.cache import Cache, Vectors, Words
from cloud_sync.server.heavy.chain import Chain
from cloud_sync.server.heavy.metrics import HeavyMeter
from cloud_sync.server.heavy.service import HeavyService
from cloud_sync.server.heavy.settings import HeavySettings
from cloud_sync.server.heavy.store import Store
from cloud_sync.server.heavy.tracing import Tracing
from cloud_sync.server.heavy.usage import House, usage_routes


@dataclass(frozen=True, slots=True)
class HeavyParts:
    """What the worker is given."""

    service: HeavyService
    """Its ``serve`` is to run beside the worker."""
    routes: Sequence[Route]


@asynccontextmanager
async def heavy_parts(
    settings: HeavySettings,
    database: Database,
    registry: CollectorRegistry,
    house: House,
    tracing: Tracing | None = None,
) -> AsyncIterator[HeavyParts]:
    """``house``: whose usage a request may see; ``tracing`` None: nobody makes traces. Raises OSError when an
    endpoint's key can't be read.
    """
    embedding = settings.cache_embedding
    likeness = Vectors(embedding, settings.cache_likeness) if embedding is not None else Words()
    async with aclosing(likeness), Chain(settings) as chain:
        cache = Cache(database, settings, likeness)
        budget, meter = Budget(database, settings), HeavyMeter(registry)
        answerer = Answerer(settings, chain, budget, cache, meter, tracing=tracing)
        async with HeavyService(settings, answerer, Store(database, settings)) as service:
            yield HeavyParts(service, usage_routes(database, house, settings.currency))
