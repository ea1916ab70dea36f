"""Version 1: the tables of the walk and the change log."""

from __future__ import annotations

from sqlalchemy import Connection, text

# Written out rather than taken from the mapped classes: those move on, a released migration does not.
_STATEMENTS = """
CREATE TABLE change_log (
    seq INTEGER NOT NULL,
    id VARCHAR(36) NOT NULL,
    site VARCHAR(36) NOT NULL,
    site_seq INTEGER NOT NULL,
    hlc VARCHAR(17) NOT NULL,
    actor TEXT NOT NULL,
    cause VARCHAR NOT NULL,
    cause_reference TEXT,
    transaction_id VARCHAR(36) NOT NULL,
    table_name VARCHAR NOT NULL,
    record_id VARCHAR(36) NOT NULL,
    op VARCHAR(6) NOT NULL,
    "before" TEXT,
    "after" TEXT,
    schema_version INTEGER NOT NULL,
    hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (id)
);
CREATE INDEX change_log_record ON change_log (table_name, record_id, seq);
CREATE UNIQUE INDEX change_log_site ON change_log (site, site_seq);
CREATE TABLE log_head (
    site VARCHAR(36) NOT NULL,
    count INTEGER NOT NULL,
    hash VARCHAR(64) NOT NULL,
    hlc VARCHAR(17) NOT NULL,
    mac VARCHAR(64) NOT NULL,
    PRIMARY KEY (site)
);
CREATE TABLE meta (
    "key" VARCHAR NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE tail_cursor (
    name VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE instrument (
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    isin TEXT,
    ticker TEXT,
    issuer TEXT,
    coupon VARCHAR(40),
    maturity DATE,
    aliases JSON NOT NULL,
    price_type TEXT NOT NULL,
    price_decimals INTEGER NOT NULL,
    quantity_unit TEXT,
    settle_days INTEGER NOT NULL,
    reference_price VARCHAR(40) NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_instrument_isin ON instrument (isin);
CREATE INDEX ix_instrument_symbol ON instrument (symbol);
CREATE TABLE price_source (
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE user (
    name TEXT NOT NULL,
    initials TEXT NOT NULL,
    desk TEXT NOT NULL,
    email TEXT NOT NULL,
    roles JSON NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE organization (
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    tier INTEGER,
    status TEXT NOT NULL,
    country TEXT,
    city TEXT,
    lei TEXT,
    mifid_category TEXT,
    owner_id VARCHAR(36),
    since DATE,
    notes TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(owner_id) REFERENCES user (id)
);
CREATE TABLE account (
    organization_id VARCHAR(36) NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id)
);
CREATE INDEX ix_account_organization_id ON account (organization_id);
CREATE TABLE contact (
    organization_id VARCHAR(36),
    name TEXT NOT NULL,
    title TEXT,
    language TEXT,
    status TEXT NOT NULL,
    notes TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id)
);
CREATE INDEX ix_contact_organization_id ON contact (organization_id);
CREATE TABLE credit_line (
    organization_id VARCHAR(36) NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    "limit" VARCHAR(40) NOT NULL,
    used VARCHAR(40) NOT NULL,
    expires DATE NOT NULL,
    status TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id)
);
CREATE INDEX ix_credit_line_organization_id ON credit_line (organization_id);
CREATE TABLE contact_email (
    contact_id VARCHAR(36) NOT NULL,
    address TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id)
);
CREATE INDEX ix_contact_email_address ON contact_email (address);
CREATE INDEX ix_contact_email_contact_id ON contact_email (contact_id);
CREATE TABLE contact_handle (
    contact_id VARCHAR(36) NOT NULL,
    service TEXT NOT NULL,
    handle TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id)
);
CREATE INDEX ix_contact_handle_contact_id ON contact_handle (contact_id);
CREATE INDEX ix_contact_handle_handle ON contact_handle (handle);
CREATE TABLE contact_phone (
    contact_id VARCHAR(36) NOT NULL,
    e164 TEXT NOT NULL,
    label TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id)
);
CREATE INDEX ix_contact_phone_contact_id ON contact_phone (contact_id);
CREATE INDEX ix_contact_phone_e164 ON contact_phone (e164);
CREATE TABLE holding (
    organization_id VARCHAR(36) NOT NULL,
    account_id VARCHAR(36),
    instrument_id VARCHAR(36) NOT NULL,
    quantity VARCHAR(40) NOT NULL,
    average_price VARCHAR(40) NOT NULL,
    interest TEXT NOT NULL,
    as_of DATE NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id),
    FOREIGN KEY(account_id) REFERENCES account (id),
    FOREIGN KEY(instrument_id) REFERENCES instrument (id)
);
CREATE INDEX ix_holding_organization_id ON holding (organization_id);
CREATE TABLE interaction (
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    organization_id VARCHAR(36),
    contact_id VARCHAR(36),
    trader_id VARCHAR(36),
    line TEXT,
    number TEXT,
    handle TEXT,
    started_at VARCHAR(32) NOT NULL,
    ended_at VARCHAR(32),
    talk_share FLOAT,
    disposition TEXT,
    report_status TEXT NOT NULL,
    subject TEXT NOT NULL,
    recording TEXT,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id),
    FOREIGN KEY(trader_id) REFERENCES user (id)
);
CREATE INDEX interaction_org_started ON interaction (organization_id, started_at);
CREATE INDEX ix_interaction_started_at ON interaction (started_at);
CREATE TABLE call_report (
    interaction_id VARCHAR(36) NOT NULL,
    status TEXT NOT NULL,
    fields JSON NOT NULL,
    suggestions JSON NOT NULL,
    edited JSON NOT NULL,
    updated_at VARCHAR(32) NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (interaction_id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE TABLE consent (
    contact_id VARCHAR(36) NOT NULL,
    channel TEXT NOT NULL,
    granted BOOLEAN NOT NULL,
    at VARCHAR(32) NOT NULL,
    interaction_id VARCHAR(36),
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE INDEX ix_consent_contact_id ON consent (contact_id);
CREATE TABLE deal (
    organization_id VARCHAR(36) NOT NULL,
    contact_id VARCHAR(36),
    account_id VARCHAR(36),
    instrument_id VARCHAR(36) NOT NULL,
    interaction_id VARCHAR(36),
    trader_id VARCHAR(36),
    product TEXT NOT NULL,
    client_side TEXT NOT NULL,
    quantity VARCHAR(40) NOT NULL,
    quantity_ccy TEXT,
    quantity_unit TEXT,
    price VARCHAR(40) NOT NULL,
    price_type TEXT NOT NULL,
    value_date DATE,
    traded_at VARCHAR(32) NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    revenue_usd VARCHAR(40),
    credit JSON NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id),
    FOREIGN KEY(account_id) REFERENCES account (id),
    FOREIGN KEY(instrument_id) REFERENCES instrument (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id),
    FOREIGN KEY(trader_id) REFERENCES user (id)
);
CREATE INDEX deal_org_traded ON deal (organization_id, traded_at);
CREATE INDEX ix_deal_interaction_id ON deal (interaction_id);
CREATE INDEX ix_deal_traded_at ON deal (traded_at);
CREATE TABLE enquiry (
    organization_id VARCHAR(36) NOT NULL,
    contact_id VARCHAR(36),
    instrument_id VARCHAR(36),
    interaction_id VARCHAR(36),
    client_side TEXT,
    quantity VARCHAR(40),
    bid VARCHAR(40),
    ask VARCHAR(40),
    outcome TEXT NOT NULL,
    at VARCHAR(32) NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id),
    FOREIGN KEY(instrument_id) REFERENCES instrument (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE INDEX enquiry_org_at ON enquiry (organization_id, at);
CREATE TABLE follow_up (
    organization_id VARCHAR(36),
    contact_id VARCHAR(36),
    interaction_id VARCHAR(36),
    assignee_id VARCHAR(36),
    owner TEXT NOT NULL,
    what TEXT NOT NULL,
    due VARCHAR(32),
    status TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(organization_id) REFERENCES organization (id),
    FOREIGN KEY(contact_id) REFERENCES contact (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id),
    FOREIGN KEY(assignee_id) REFERENCES user (id)
);
CREATE INDEX ix_follow_up_organization_id ON follow_up (organization_id);
CREATE INDEX ix_follow_up_status ON follow_up (status);
CREATE TABLE transcript_segment (
    interaction_id VARCHAR(36) NOT NULL,
    seq INTEGER NOT NULL,
    pass TEXT NOT NULL,
    who TEXT NOT NULL,
    start FLOAT NOT NULL,
    "end" FLOAT NOT NULL,
    text TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE INDEX segment_interaction ON transcript_segment (interaction_id, pass, seq);
"""


def apply(connection: Connection, head_key: bytes) -> None:
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            connection.execute(text(statement))
