-- Signing in with a browser on another machine, and telling each other that a session
-- has ended: applications by us, us by the upstream.

ALTER TABLE enterprises ADD COLUMN device BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE device_grants (
    hash          TEXT   NOT NULL PRIMARY KEY,
    user_hash     TEXT   NOT NULL,
    enterprise_id TEXT   NOT NULL,
    client_id     TEXT   NOT NULL,
    scope         TEXT   NOT NULL,
    challenge     TEXT   NOT NULL,
    nonce         TEXT   NOT NULL,
    number        TEXT   NOT NULL,
    tries         BIGINT NOT NULL,
    address       TEXT   NOT NULL,
    device        TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    auth_time     BIGINT NOT NULL,
    denied_at     BIGINT NOT NULL,
    approved_at   BIGINT NOT NULL,
    used_at       BIGINT NOT NULL,
    polled_at     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX device_grants_user ON device_grants (enterprise_id, user_hash);

CREATE TABLE farewells (
    id            TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    client_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    tries         BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX farewells_next ON farewells (next_at);

-- Who got tokens under a session that ends: the used codes say it.
CREATE INDEX authorization_codes_session ON authorization_codes (session_id);

-- The upstream's logout tokens that were taken, each once.
CREATE TABLE logout_tokens (
    enterprise_id TEXT   NOT NULL,
    hash          TEXT   NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (hash, enterprise_id)
) WITHOUT ROWID;

ALTER TABLE sessions ADD COLUMN upstream_sid TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN new_device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN new_device_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_upstream ON sessions (upstream_sid) WHERE upstream_sid <> '';
