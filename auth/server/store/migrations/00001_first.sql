-- One schema for SQLite and PostgreSQL: TEXT ids made by the program, BIGINT
-- milliseconds (0 = never), TEXT JSON, BYTEA bytes. Long columns come last, so that
-- SQLite need not read them to reach the others. What a sign-in writes has few indexes,
-- for each costs it a page: that a token is dead is seen when it is read, by its session
-- and family, and the sweep may scan. WITHOUT ROWID, which makes the primary key the
-- table itself instead of a second one, is left out for PostgreSQL.

CREATE TABLE enterprises (
    id               TEXT    NOT NULL PRIMARY KEY,
    code             TEXT    NOT NULL,
    public           BOOLEAN NOT NULL,
    document_version BIGINT  NOT NULL,
    document_expires BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    name             TEXT    NOT NULL,
    domains          TEXT    NOT NULL,
    help             TEXT    NOT NULL,
    logo             TEXT    NOT NULL,
    document         BYTEA
);

-- The enterprise codes that resolve, by the hash that the directory is asked for: the
-- present one (until = 0) and earlier ones until they lapse.
CREATE TABLE codes (
    hash          TEXT   NOT NULL PRIMARY KEY,
    code          TEXT   NOT NULL,
    enterprise_id TEXT   NOT NULL REFERENCES enterprises (id),
    until         BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX codes_enterprise ON codes (enterprise_id);

CREATE TABLE connectors (
    id            TEXT    NOT NULL PRIMARY KEY,
    enterprise_id TEXT    NOT NULL REFERENCES enterprises (id),
    app_id        TEXT    NOT NULL,
    active        BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL,
    document      TEXT    NOT NULL,
    sealed        BYTEA
);
CREATE UNIQUE INDEX connectors_app_id ON connectors (app_id) WHERE app_id <> '';
CREATE UNIQUE INDEX connectors_active ON connectors (enterprise_id) WHERE active;

CREATE TABLE people (
    id             TEXT    NOT NULL PRIMARY KEY,
    enterprise_id  TEXT    NOT NULL REFERENCES enterprises (id),
    key            TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    email_verified BOOLEAN NOT NULL,
    created_at     BIGINT  NOT NULL,
    last_seen      BIGINT  NOT NULL,
    ended_at       BIGINT  NOT NULL,
    avatar         TEXT    NOT NULL,
    groups         TEXT    NOT NULL,
    authoritative  TEXT    NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX people_key ON people (enterprise_id, key);

CREATE TABLE flows (
    hash          TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    connector_id  TEXT   NOT NULL,
    cookie_hash   TEXT   NOT NULL,
    return_to     TEXT   NOT NULL,
    reference     TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    sealed        BYTEA
) WITHOUT ROWID;

CREATE TABLE sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    cookie_hash   TEXT   NOT NULL,
    parent        TEXT   NOT NULL,
    client        TEXT   NOT NULL,
    device        TEXT   NOT NULL,
    auth_time     BIGINT NOT NULL,
    proven_at     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    upstream      BYTEA
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_cookie ON sessions (cookie_hash) WHERE cookie_hash <> '';
CREATE INDEX sessions_parent ON sessions (parent) WHERE parent <> '';
CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE clients (
    enterprise_id TEXT   NOT NULL REFERENCES enterprises (id),
    id            TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    secret_hash   TEXT   NOT NULL,
    redirect_uris TEXT   NOT NULL,
    logout_uris   TEXT   NOT NULL,
    alg           TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (enterprise_id, id)
);

CREATE TABLE authorization_codes (
    hash          TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    client_id     TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    scope         TEXT   NOT NULL,
    auth_time     BIGINT NOT NULL,
    redirect_uri  TEXT   NOT NULL,
    challenge     TEXT   NOT NULL,
    nonce         TEXT   NOT NULL,
    family        TEXT   NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE access_tokens (
    hash          TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    client_id     TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    scope         TEXT   NOT NULL,
    auth_time     BIGINT NOT NULL,
    audience      TEXT   NOT NULL,
    family        TEXT   NOT NULL,
    expires_at    BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE refresh_tokens (
    hash             TEXT   NOT NULL PRIMARY KEY,
    enterprise_id    TEXT   NOT NULL,
    client_id        TEXT   NOT NULL,
    person_id        TEXT   NOT NULL,
    session_id       TEXT   NOT NULL,
    scope            TEXT   NOT NULL,
    auth_time        BIGINT NOT NULL,
    family           TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    used_at          BIGINT NOT NULL,
    successor        TEXT   NOT NULL,
    sealed_successor BYTEA
) WITHOUT ROWID;

-- The families that were ended: none of their tokens counts, not even one that was on
-- its way into the store while it happened.
CREATE TABLE ended_families (
    enterprise_id TEXT   NOT NULL,
    family        TEXT   NOT NULL,
    ended_at      BIGINT NOT NULL,
    PRIMARY KEY (family, enterprise_id)
) WITHOUT ROWID;

CREATE TABLE signing_keys (
    enterprise_id TEXT   NOT NULL, -- '' for the directory's own
    id            TEXT   NOT NULL,
    key_use       TEXT   NOT NULL,
    alg           TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    retire_at     BIGINT NOT NULL,
    public        BYTEA,
    sealed        BYTEA,
    PRIMARY KEY (enterprise_id, id)
);

CREATE TABLE apps (
    enterprise_id TEXT   NOT NULL REFERENCES enterprises (id),
    id            TEXT   NOT NULL,
    position      BIGINT NOT NULL,
    icon          TEXT   NOT NULL,
    plain         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    title         TEXT   NOT NULL,
    launch        TEXT   NOT NULL,
    PRIMARY KEY (enterprise_id, id)
);

CREATE TABLE icons (
    enterprise_id TEXT  NOT NULL REFERENCES enterprises (id),
    sha256        TEXT  NOT NULL,
    media_type    TEXT  NOT NULL,
    data          BYTEA NOT NULL,
    PRIMARY KEY (enterprise_id, sha256)
);

CREATE TABLE launches (
    hash          TEXT   NOT NULL PRIMARY KEY,
    id            TEXT   NOT NULL,
    enterprise_id TEXT   NOT NULL,
    app_id        TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    port          BIGINT NOT NULL,
    nonce         TEXT   NOT NULL,
    cookie_hash   TEXT   NOT NULL,
    child         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sign_ins (
    enterprise_id TEXT   NOT NULL,
    reference     TEXT   NOT NULL,
    connector_id  TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    stage         TEXT   NOT NULL,
    fault         TEXT   NOT NULL,
    detail        TEXT   NOT NULL,
    happened_at   BIGINT NOT NULL
);
CREATE INDEX sign_ins_reference ON sign_ins (reference, enterprise_id);
