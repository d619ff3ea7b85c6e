"""The tables of heavy questions. Moments are milliseconds since the epoch, costs millionths of the currency.

``heavy_question`` questions that waited on a device for a link, until they are answered
``heavy_job``      one row for each of them, with nothing of what it says: what workers take from, of any house
``heavy_answer``   answers that the device has not taken yet
``heavy_usage``    what each question cost
``heavy_budget``   what a house has used on a day; locked while it is decided whether it may ask
``heavy_cache``    answers that serve again
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, false

from cloud_sync.server.database import metadata

_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

question: Final = Table(
    "heavy_question",
    metadata,
    Column("house", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("ask", LargeBinary, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
)

job: Final = Table(
    "heavy_job",
    metadata,
    Column("n", _NUMBER, primary_key=True, autoincrement=True),
    Column("of_house", Text, nullable=False),  # not "house": no worker could see what there is to do
    Column("device", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("due_ms", BigInteger, nullable=False),  # not before; later after each failure, and while it is worked on
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("expires_ms", BigInteger, nullable=False),  # 0: never
    Index("heavy_job_due", "due_ms"),
    Index("heavy_job_of", "of_house", "device", "id", unique=True),
)

answer: Final = Table(
    "heavy_answer",
    metadata,
    Column("house", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("answer", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("heavy_answer_expires", "expires_ms"),
)

usage: Final = Table(
    "heavy_usage",
    metadata,
    Column("n", _NUMBER, primary_key=True, autoincrement=True),
    Column("house", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("day", Text, nullable=False),  # of UTC, YYYY-MM-DD
    Column("endpoint", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("tokens_in", BigInteger, nullable=False, server_default="0"),
    Column("tokens_out", BigInteger, nullable=False, server_default="0"),
    Column("estimated", Boolean, nullable=False, server_default=false()),  # the endpoint did not count them
    Column("cost", BigInteger, nullable=False, server_default="0"),
    Column("first_ms", BigInteger),  # to the first piece of the answer
    Column("latency_ms", BigInteger),
    Column("cached", Boolean, nullable=False, server_default=false()),
    Column("outcome", Text, nullable=False),  # running, stop, cut, cancelled, or a Code
    Index("heavy_usage_by_day", "house", "day", "device"),
    Index("heavy_usage_by_time", "house", "at_ms"),
)

budget: Final = Table(
    "heavy_budget",
    metadata,
    Column("house", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
)

cache: Final = Table(
    "heavy_cache",
    metadata,
    Column("n", _NUMBER, primary_key=True, autoincrement=True),
    Column("house", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("id", Text, nullable=False),  # of the question whose answer it is
    Column("at_ms", BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("meaning", LargeBinary, nullable=False),  # what questions are compared by
    Column("answer", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("heavy_cache_of", "house", "language", "expires_ms"),
)
