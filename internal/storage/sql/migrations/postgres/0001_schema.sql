-- The tables are those of SQLite, up to its migration 10, with two differences. Texts have
-- COLLATE "C": they are compared bytewise, whatever the database has. And an entry of an
-- index has 2,700 bytes at most, while texts may be longer. So names have indexes by hash,
-- and other texts are in an index with their first 200 characters. What SQLite copies into
-- indexes to prove its rows is missing.

-- The newest ids given out. Each transaction that writes locks this row first.
CREATE TABLE last_ids (
    user_id    BIGINT NOT NULL,
    link_id    BIGINT NOT NULL,
    keyword_id BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 0 -- how many transactions changed the database
);
INSERT INTO last_ids (user_id, link_id, keyword_id) VALUES (0, 0, 0);

CREATE TABLE users (
    id          BIGINT PRIMARY KEY,
    login       TEXT   COLLATE "C" NOT NULL,
    created     BIGINT NOT NULL, -- Unix second
    full_name   TEXT   COLLATE "C" NOT NULL DEFAULT '',
    key_version BIGINT NOT NULL DEFAULT 0,
    password    TEXT   COLLATE "C" NOT NULL DEFAULT '', -- what proves it; empty if none was set
    CONSTRAINT users_by_login EXCLUDE USING hash (login WITH =)
);
CREATE INDEX users_in_order ON users (substr(login, 1, 200));

CREATE TABLE tokens (
    digest  TEXT   COLLATE "C" PRIMARY KEY, -- SHA-256 of the token, 64 lower-case hex digits
    user_id BIGINT NOT NULL REFERENCES users (id),
    created BIGINT NOT NULL, -- Unix second
    passing BIGINT NOT NULL DEFAULT 0 -- 1: a session token
);
CREATE INDEX tokens_by_user ON tokens (user_id, passing, created);

CREATE TABLE links (
    id              BIGINT PRIMARY KEY,
    user_id         BIGINT REFERENCES users (id), -- null: an aggregate link
    hash            TEXT   COLLATE "C" NOT NULL,
    aggregate_id    BIGINT NOT NULL REFERENCES links (id),
    long_url        TEXT   COLLATE "C" NOT NULL,
    long_url_digest BIGINT NOT NULL, -- first 8 bytes of its SHA-256, big-endian
    created         BIGINT NOT NULL, -- Unix second
    title           TEXT   COLLATE "C" NOT NULL DEFAULT '',
    note            TEXT   COLLATE "C" NOT NULL DEFAULT '',
    private         BIGINT NOT NULL DEFAULT 0, -- 0 or 1
    archived        BIGINT NOT NULL DEFAULT 0, -- 0 or 1
    user_ts         BIGINT NOT NULL DEFAULT 0, -- Unix second
    modified        BIGINT NOT NULL DEFAULT 0, -- Unix second
    tags            TEXT   COLLATE "C" NOT NULL DEFAULT '', -- separated by commas
    forward_query   BIGINT NOT NULL DEFAULT 0, -- 0 by default, 1 yes, 2 no
    expires         BIGINT NOT NULL DEFAULT 0, -- Unix second; 0 is never
    max_clicks      BIGINT NOT NULL DEFAULT 0, -- 0 is no maximum
    expired_url     TEXT   COLLATE "C" NOT NULL DEFAULT '',
    -- One hash may name a link and an aggregate link: they are two.
    CONSTRAINT links_by_hash EXCLUDE USING hash (hash WITH =) WHERE (user_id IS NOT NULL),
    CONSTRAINT aggregates_by_hash EXCLUDE USING hash (hash WITH =) WHERE (user_id IS NULL)
);
CREATE INDEX links_by_long_url ON links (long_url_digest, user_id);
CREATE INDEX links_by_user ON links (user_id, user_ts, id) WHERE user_id IS NOT NULL;
CREATE INDEX links_by_time ON links (user_id, created) WHERE user_id IS NOT NULL;
CREATE INDEX links_by_aggregate ON links (aggregate_id);

CREATE TABLE keywords (
    id             BIGINT PRIMARY KEY, -- in order of age
    domain         TEXT   COLLATE "C" NOT NULL, -- lower case; empty: every domain
    keyword        TEXT   COLLATE "C" NOT NULL,
    link_id        BIGINT NOT NULL REFERENCES links (id),
    keyword_folded TEXT   COLLATE "C" NOT NULL, -- store.FoldName of the keyword
    CONSTRAINT keywords_by_place EXCLUDE USING hash ((length(domain)::text || ' ' || domain || keyword) WITH =)
);
CREATE INDEX keywords_by_name ON keywords USING hash (keyword);
CREATE INDEX keywords_by_folded ON keywords USING hash (keyword_folded);
CREATE INDEX keywords_by_domain ON keywords (substr(domain, 1, 200));
CREATE INDEX keywords_by_link ON keywords (link_id);

-- The tags of links again, one a row, to find the links of a tag.
CREATE TABLE tags (
    user_id BIGINT NOT NULL REFERENCES users (id),
    tag     TEXT   COLLATE "C" NOT NULL,
    link_id BIGINT NOT NULL REFERENCES links (id)
);
CREATE INDEX tags_by_tag ON tags (user_id, substr(tag, 1, 200), link_id);
CREATE INDEX tags_by_link ON tags (link_id);

-- Where a link has led, if that was changed. The newest row is its long_url.
CREATE TABLE versions (
    link_id         BIGINT NOT NULL REFERENCES links (id),
    number          BIGINT NOT NULL, -- from 1 on
    since           BIGINT NOT NULL, -- Unix second
    long_url        TEXT   COLLATE "C" NOT NULL,
    long_url_digest BIGINT NOT NULL, -- as of links
    aggregate_id    BIGINT REFERENCES links (id), -- null: not known
    PRIMARY KEY (link_id, number)
);
CREATE INDEX versions_by_aggregate ON versions (aggregate_id);

-- The aggregate links that a link had before its long_url was changed. They are deleted
-- with the last link that has or had them.
CREATE TABLE former_aggregates (
    link_id      BIGINT NOT NULL REFERENCES links (id),
    aggregate_id BIGINT NOT NULL REFERENCES links (id),
    PRIMARY KEY (link_id, aggregate_id)
);
CREATE INDEX former_aggregates_by_aggregate ON former_aggregates (aggregate_id, link_id);

-- Scopes that were deleted here. Each server deletes their counts, and remembers up to which
-- version it has done so.
CREATE TABLE deletions (
    user_id BIGINT NOT NULL, -- 0: the link is an aggregate link
    link_id BIGINT NOT NULL, -- 0: the user with all their links
    version BIGINT NOT NULL, -- last_ids.version of the transaction
    PRIMARY KEY (user_id, link_id)
);
CREATE INDEX deletions_in_order ON deletions (version, user_id, link_id);

-- One row, once the secret was drawn.
CREATE TABLE installation (
    id     BIGINT PRIMARY KEY,
    secret TEXT   COLLATE "C" NOT NULL -- 64 lower-case hex digits
);
