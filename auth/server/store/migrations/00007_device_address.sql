-- One address for every enterprise's user codes, so that each is one enterprise's. Of two
-- from before that are the same, one device asks for another.

DELETE FROM device_grants WHERE EXISTS (
    SELECT 1 FROM device_grants other WHERE other.user_hash = device_grants.user_hash AND other.hash < device_grants.hash
);
DROP INDEX device_grants_user;
CREATE UNIQUE INDEX device_grants_user ON device_grants (user_hash);
