"""The server's tables. The firm's id is first in every key, so that firms can be spread over several databases.

Records, entries and items are kept as JSON text and not as ``jsonb``: what a desk logged comes back byte for byte, and
a text that ``jsonb`` cannot hold (a NUL) does not stop the desk that wrote it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _text(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary_key, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


# The row that is locked while changes are put in order: ``head`` is the newest place. The server writes as a site too.
firm = Table(
    "firm",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    _text("epoch"),
    Column("head", BigInteger, nullable=False, server_default=text("0")),
    _text("own_site"),
    Column("own_count", BigInteger, nullable=False, server_default=text("0")),
    _text("own_hash"),
    _text("own_hlc"),
    _text("whole"),  # the newest epoch in which every desk has been
)

# The firm's epochs so far: each restore begins one, at the place where the backup ended.
epoch = Table(
    "epoch",
    metadata,
    _text("firm", primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("epoch"),
    Column("began", BigInteger, nullable=False),
)

record = Table(
    "record",
    metadata,
    _text("firm", primary_key=True),
    _text("table_name", primary_key=True),
    _text("record_id", primary_key=True),
    _text("fields"),
    _text("stamps"),
    _text("deleted", nullable=True),
    _text("scope"),
    _text("parent_table", nullable=True),
    _text("parent_id", nullable=True),
    _text("unique_value", nullable=True),
    Column("seq", BigInteger, nullable=False),
    Column("erased", Boolean, nullable=False, server_default=text("false")),  # takes no personal data any more
    Index("record_scope", "firm", "scope", "table_name", "record_id", postgresql_where=text("deleted IS NULL")),
    Index("record_unique", "firm", "table_name", "unique_value", postgresql_where=text("unique_value IS NOT NULL")),
)

# What names what, there or not: by it a record that moves to another scope finds all that hangs on it. Rows are never
# taken away, since one too many costs a look and no more.
record_link = Table(
    "record_link",
    metadata,
    _text("firm", primary_key=True),
    _text("parent_table", primary_key=True),
    _text("parent_id", primary_key=True),
    _text("table_name", primary_key=True),
    _text("record_id", primary_key=True),
)

# Every entry of every site, its place in the order, and what became of it: the log that all else follows from.
item = Table(
    "item",
    metadata,
    _text("firm", primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    _text("entry_id"),
    _text("site"),
    Column("site_seq", BigInteger, nullable=False),
    _text("hlc"),
    _text("actor"),
    _text("cause"),
    _text("cause_reference", nullable=True),
    _text("transaction"),
    _text("table_name"),
    _text("record_id"),
    _text("op"),
    _text("outcome"),
    _text("fields", nullable=True),
    Column("whole", Boolean, nullable=False),
    _text("scope"),
    _text("left_scope", nullable=True),
    _text("reason", nullable=True),
    Column("site_only", Boolean, nullable=False),
    _text("before", nullable=True),
    _text("after", nullable=True),
    Column("schema_version", Integer, nullable=False),
    _text("salt"),
    _text("commitment"),
    _text("hash"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("item_site", "firm", "site", "site_seq", unique=True),
    Index("item_record", "firm", "table_name", "record_id", "seq"),
)

site = Table(
    "site",
    metadata,
    _text("firm", primary_key=True),
    _text("site", primary_key=True),
    Column("received", BigInteger, nullable=False),
    _text("hash"),
    _text("hlc"),
    _text("epoch", nullable=True),  # to which it has returned, after a restore
)

# -- who comes in

account = Table(
    "account",
    metadata,
    _text("firm", primary_key=True),
    _text("id", primary_key=True),  # of the record in table ``user``
    _text("login"),  # lower case
    _text("name"),
    _text("password", nullable=True),  # argon2id; null: signs in elsewhere
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    _time("created"),
    Index("account_login", "firm", "login", unique=True),
)

grant = Table(
    "role_grant",
    metadata,
    _text("firm", primary_key=True),
    _text("account", primary_key=True),
    _text("role", primary_key=True),
    _text("scope", primary_key=True),
    ForeignKeyConstraint(["firm", "account"], ["account.firm", "account.id"], ondelete="CASCADE"),
)

device = Table(
    "device",
    metadata,
    _text("firm", primary_key=True),
    _text("id", primary_key=True),
    _text("name"),
    _text("desk"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("changes", BigInteger, nullable=False, server_default=text("0")),  # of its scopes
    _text("site", nullable=True),  # set when it is enrolled
    _text("secret", nullable=True),  # SHA-256 of a random one
    _text("code", nullable=True),  # SHA-256 of the one-time code
    _time("code_until", nullable=True),
    Column("history", BigInteger, nullable=False, server_default=text("0")),
    _time("revoked", nullable=True),
    _time("purged", nullable=True),
    _time("seen", nullable=True),
    _text("app_version", nullable=True),
    _time("created"),
    Index("device_site", "firm", "site", unique=True, postgresql_where=text("site IS NOT NULL")),
    Index("device_code", "code", unique=True, postgresql_where=text("code IS NOT NULL")),
)

# Who has ever signed in on a device: what they did there offline is theirs, whenever it arrives.
device_account = Table(
    "device_account",
    metadata,
    _text("firm", primary_key=True),
    _text("device", primary_key=True),
    _text("account", primary_key=True),
    _time("last"),
)

# One row per sign-in. Only the newest token of a family works; an older one shows that it was copied, unless it is the
# one before and the answer that brought the newest may have been lost.
token_family = Table(
    "token_family",
    metadata,
    _text("firm", primary_key=True),
    _text("id", primary_key=True),
    _text("account"),
    _text("device"),
    _text("newest"),  # SHA-256
    _text("previous", nullable=True),
    _time("rotated"),
    _time("until"),
    _time("revoked", nullable=True),
    Index("token_family_device", "firm", "device"),
    Index("token_family_account", "firm", "account"),
)

# Wrong passwords, and until when one has to wait for the next.
sign_in_try = Table(
    "sign_in_try",
    metadata,
    _text("firm", primary_key=True),
    _text("login", primary_key=True),  # SHA-256, whether or not somebody has it
    _text("device", primary_key=True),  # or all together where the user never was
    Column("failures", Integer, nullable=False),
    _time("shut_until", nullable=True),
    _time("at"),
)

# Sign-ins that have gone to the identity provider and not come back yet.
openid_request = Table(
    "openid_request",
    metadata,
    _text("firm", primary_key=True),
    _text("state", primary_key=True),  # SHA-256
    _text("device"),
    _text("nonce"),
    _text("verifier"),
    _text("redirect"),
    _time("until"),
)

signing_key = Table(
    "signing_key",
    metadata,
    _text("id", primary_key=True),
    Column("key", JSONB, nullable=False),  # JWK
    _time("created"),
)

# How long records of a kind are kept.
period = Table(
    "period",
    metadata,
    _text("firm", primary_key=True),
    _text("kind", primary_key=True),
    Column("days", Integer, nullable=False),
)

# What was done to users, devices and data, by whom.
administration = Table(
    "administration",
    metadata,
    _text("firm", primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    _text("actor"),
    _text("what"),
    Column("detail", JSONB, nullable=False),
)
