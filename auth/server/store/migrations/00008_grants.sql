-- What a sign-in gives a client is one row, from the code to the last refresh: its code
-- and tokens name it and carry their own proof, so that none of them needs a row.

DROP TABLE authorization_codes;
DROP TABLE access_tokens;
DROP TABLE refresh_tokens;
DROP TABLE ended_families;

CREATE TABLE grants (
    id              TEXT   NOT NULL PRIMARY KEY,
    enterprise_id   TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    person_id       TEXT   NOT NULL,
    session_id      TEXT   NOT NULL,
    scope           TEXT   NOT NULL,
    auth_time       BIGINT NOT NULL,
    redirect_uri    TEXT   NOT NULL,
    challenge       TEXT   NOT NULL,
    nonce           TEXT   NOT NULL,
    code_expires    BIGINT NOT NULL,
    used_at         BIGINT NOT NULL,
    generation      BIGINT NOT NULL,
    refresh_expires BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL
) WITHOUT ROWID;

-- Which applications are told when a session ends. The desktop program needs no telling.
CREATE INDEX grants_session ON grants (session_id) WHERE client_id <> 'lanyard';
