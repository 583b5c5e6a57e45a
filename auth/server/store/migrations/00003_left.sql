-- When the upstream said that a person has left.

ALTER TABLE people ADD COLUMN left_at BIGINT NOT NULL DEFAULT 0;
