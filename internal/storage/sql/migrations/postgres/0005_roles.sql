-- What a user may do besides: 0 or 1.
ALTER TABLE users ADD COLUMN admin BIGINT NOT NULL DEFAULT 0; -- may manage the server
ALTER TABLE users ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0; -- may not do anything
