-- What the owner of a link says of it. A link that nothing was said of is as
-- old as it is.
ALTER TABLE links ADD COLUMN title    TEXT   NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN note     TEXT   NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN private  BIGINT NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE links ADD COLUMN archived BIGINT NOT NULL DEFAULT 0; -- 0 or 1
ALTER TABLE links ADD COLUMN user_ts  BIGINT NOT NULL DEFAULT 0; -- Unix second
ALTER TABLE links ADD COLUMN modified BIGINT NOT NULL DEFAULT 0; -- Unix second
UPDATE links SET user_ts = created, modified = created;

-- A user's links in the order in which they are listed; counting them by the
-- time they were made reads nothing else.
CREATE INDEX links_by_user ON links (user_id, user_ts, id, created) WHERE user_id IS NOT NULL;

ALTER TABLE users ADD COLUMN full_name   TEXT   NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN key_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password    TEXT   NOT NULL DEFAULT ''; -- what proves it; empty where none was set

-- One row, once the secret was drawn.
CREATE TABLE installation (
    id     BIGINT PRIMARY KEY,
    secret TEXT   NOT NULL -- 64 lower-case hex digits
);

CREATE INDEX keywords_by_link ON keywords (link_id);
