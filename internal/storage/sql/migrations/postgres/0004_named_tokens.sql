-- What a token is for, and when it was used last: Unix second, or 0.
ALTER TABLE tokens ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
