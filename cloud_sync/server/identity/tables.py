"""The tables of who is who, of what was allowed, done and erased. Moments are milliseconds since the epoch.

``enrolment``  codes that were shown and are not used yet, hashed
``attempt``    codes that were tried and wrong: of no house, for whoever guesses is of none
``person``     accounts of people
``token``      what requests over HTTP are known by, hashed
``revocation`` who may not connect any more: of no house, so that every worker sees all of them at a glance
``challenge``  what devices are to sign before they get a token over HTTP
``audit``      what was done, in a chain of hashes for each house; never changed, never deleted
``audit_head`` the last link of each chain, locked while the next is forged
``consent``    what each device may send, by its own word
``erasure``    what had to be forgotten, and the receipt; kept by itself, so that it outlives a restored backup
``erased``     what is forgotten and must not come back: no content, only ids
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from cloud_sync.server.database import metadata

enrolment: Final = Table(
    "enrolment",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("house", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False, server_default="device"),
    Column("expires_ms", BigInteger, nullable=False),
)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("address", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("attempt_by_time", "at_ms"),
)

person: Final = Table(
    "person",
    metadata,
    Column("person", Text, primary_key=True),
    Column("house", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Index("person_by_house", "house", "name", unique=True),
)

token: Final = Table(
    "token",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("house", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("spent_ms", BigInteger),
    Index("token_by_who", "who"),
)

revocation: Final = Table(
    "revocation",
    metadata,
    Column("who", Text, primary_key=True),
    Column("of_house", Text, nullable=False),  # not "house": every worker sees all of them
    Column("at_ms", BigInteger, nullable=False),
    Index("revocation_by_time", "at_ms"),
)

challenge: Final = Table(
    "challenge",
    metadata,
    Column("nonce_hash", Text, primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
    Index("challenge_by_time", "expires_ms"),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("house", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    Column("house", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

consent: Final = Table(
    "consent",
    metadata,
    Column("house", Text, primary_key=True),
    Column("device", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("allowed", Boolean, nullable=False),
    Column("how", Text, nullable=False),
    Column("clock", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

erasure: Final = Table(
    "erasure",
    metadata,
    Column("house", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("clock", BigInteger, nullable=False),
    Column("of_time", Boolean, nullable=False),  # whether it is about what it does not name
    Column("body", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("taken_ms", BigInteger),
    Index("erasure_untaken", "house", "device", "taken_ms"),
)

erased: Final = Table(
    "erased",
    metadata,
    Column("house", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("erasure", Text, nullable=False),
)
