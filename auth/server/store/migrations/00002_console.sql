-- The admin console: who may open it, what they did, connectors that do not serve, and
-- the sign-in log as admins read it.

CREATE TABLE admins (
    id            TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL, -- '' for an operator
    person_id     TEXT   NOT NULL, -- '' for an operator
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    password_hash TEXT   NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX admins_name ON admins (name) WHERE person_id = '';
CREATE UNIQUE INDEX admins_person ON admins (enterprise_id, person_id) WHERE person_id <> '';

CREATE TABLE admin_links (
    hash       TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE admin_sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    admin_id      TEXT    NOT NULL,
    cookie_hash   TEXT    NOT NULL,
    enterprise_id TEXT    NOT NULL,
    by_link       BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    last_seen     BIGINT  NOT NULL,
    expires_at    BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX admin_sessions_cookie ON admin_sessions (cookie_hash);

CREATE TABLE audits (
    id            TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL, -- '' for the server itself
    admin_id      TEXT   NOT NULL,
    actor         TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    happened_at   BIGINT NOT NULL,
    object        TEXT   NOT NULL,
    detail        TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX audits_time ON audits (enterprise_id, happened_at);

CREATE TABLE drafts (
    enterprise_id TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    updated_at    BIGINT NOT NULL,
    sealed        BYTEA,
    PRIMARY KEY (enterprise_id, kind)
) WITHOUT ROWID;

ALTER TABLE sign_ins ADD COLUMN app_id TEXT NOT NULL DEFAULT '';
CREATE INDEX sign_ins_time ON sign_ins (enterprise_id, happened_at);
