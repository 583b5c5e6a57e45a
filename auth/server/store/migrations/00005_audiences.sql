-- Who may open which app, and how openings went.

CREATE TABLE audiences (
    enterprise_id TEXT    NOT NULL REFERENCES enterprises (id),
    app_id        TEXT    NOT NULL, -- '' for signing in at all
    everyone      BOOLEAN NOT NULL,
    updated_at    BIGINT  NOT NULL,
    PRIMARY KEY (enterprise_id, app_id)
) WITHOUT ROWID;

-- The order of the key lets one person's rows be found among any number of members.
CREATE TABLE audience_members (
    enterprise_id TEXT   NOT NULL,
    member        TEXT   NOT NULL, -- as people are compared
    app_id        TEXT   NOT NULL,
    position      BIGINT NOT NULL,
    account       TEXT   NOT NULL, -- as it was written
    group_name    TEXT   NOT NULL,
    carries       TEXT   NOT NULL,
    PRIMARY KEY (enterprise_id, member, app_id)
) WITHOUT ROWID;
CREATE INDEX audience_members_app ON audience_members (enterprise_id, app_id, position);

CREATE INDEX apps_client ON apps (enterprise_id, client_id);

CREATE TABLE openings (
    id            TEXT   NOT NULL PRIMARY KEY,
    enterprise_id TEXT   NOT NULL,
    app_id        TEXT   NOT NULL,
    person_id     TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    outcome       TEXT   NOT NULL,
    happened_at   BIGINT NOT NULL,
    took          BIGINT NOT NULL -- milliseconds
) WITHOUT ROWID;
CREATE INDEX openings_time ON openings (enterprise_id, happened_at);
CREATE INDEX openings_person ON openings (person_id, happened_at);
