"""Tables of the operational store. Times are epoch seconds; secrets are kept as hashes only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

#: Names of constraints must be known, or a later migration could not change them.
NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
LONGEST_NAME: Final = 64
LONGEST_ADDRESS: Final = 64

metadata: Final = MetaData(naming_convention=NAMING)

accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    # what names are compared by: 次仁, TSERING and tsering in one spelling each
    Column("name_key", String(LONGEST_NAME * 3), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("hash", String(255), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("disabled", BigInteger),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String(LONGEST_ADDRESS), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("idle_expires", BigInteger, nullable=False),
)

wall_tokens: Final = Table(
    "wall_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False, unique=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
    Column("used", BigInteger),
)

login_attempts: Final = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("account", String(LONGEST_NAME * 3), nullable=False),
    Column("address", String(LONGEST_ADDRESS), nullable=False),
    Column("passed", Boolean, nullable=False),
    Index("ix_login_attempts_account_at", "account", "at"),
    Index("ix_login_attempts_address_at", "address", "at"),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("who", String(LONGEST_NAME), nullable=False),
    Column("address", String(LONGEST_ADDRESS), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("details", Text, nullable=False),
)
