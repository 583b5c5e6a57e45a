-- How a person is called upstream, what an application speaks, and an app's secrets.

ALTER TABLE people ADD COLUMN account TEXT NOT NULL DEFAULT '';

ALTER TABLE clients ADD COLUMN farewell TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN three TEXT NOT NULL DEFAULT 'null';

ALTER TABLE apps ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN sealed BYTEA;
