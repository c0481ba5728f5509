-- Tokens that were given for a password give way to newer ones. Which of those
-- that are there were, nobody knows any more: they stay.
ALTER TABLE tokens ADD COLUMN passing BIGINT NOT NULL DEFAULT 0; -- 0 or 1
DROP INDEX tokens_by_user;
CREATE INDEX tokens_by_user ON tokens (user_id, passing, created);
