-- Links of users, and aggregate links: those have no user, and are their own
-- aggregate.
CREATE TABLE links (
    id              BIGINT PRIMARY KEY,
    user_id         BIGINT REFERENCES users (id),
    hash            TEXT   NOT NULL,
    aggregate_id    BIGINT NOT NULL REFERENCES links (id),
    long_url        TEXT   NOT NULL,
    long_url_digest BIGINT NOT NULL, -- first 8 bytes of its SHA-256, big-endian
    created         BIGINT NOT NULL  -- Unix second
);

-- One hash may name a link and an aggregate link: they are two.
CREATE UNIQUE INDEX links_by_hash ON links (hash) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX aggregates_by_hash ON links (hash) WHERE user_id IS NULL;

-- Long URLs may be longer than an index entry can be. A digest of 8 bytes is
-- not unique, so whoever looks by it compares long_url too.
CREATE INDEX links_by_long_url ON links (long_url_digest, user_id);

CREATE TABLE keywords (
    id      BIGINT PRIMARY KEY, -- in order of age
    domain  TEXT   NOT NULL,    -- lower case
    keyword TEXT   NOT NULL,
    link_id BIGINT NOT NULL REFERENCES links (id),
    UNIQUE (domain, keyword)
);

CREATE INDEX keywords_by_name ON keywords (keyword, id);
