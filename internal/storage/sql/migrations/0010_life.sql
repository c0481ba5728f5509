-- What a link may have: tags, separated by commas; an end; and whether it
-- forwards the parameters of a visit (0 by default, 1 yes, 2 no).
ALTER TABLE links ADD COLUMN tags          TEXT   NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN forward_query BIGINT NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN expires       BIGINT NOT NULL DEFAULT 0; -- Unix second; 0 is never
ALTER TABLE links ADD COLUMN max_clicks    BIGINT NOT NULL DEFAULT 0; -- 0 is no maximum
ALTER TABLE links ADD COLUMN expired_url   TEXT   NOT NULL DEFAULT '';

DROP INDEX links_by_user;
CREATE INDEX links_by_user ON links (user_id, user_ts, id, created, modified, private, archived, long_url, title, note,
    tags, forward_query, expires, max_clicks, expired_url) WHERE user_id IS NOT NULL;
DROP INDEX aggregates_whole;
CREATE INDEX aggregates_whole ON links (id, aggregate_id, created, user_ts, modified, private, archived, title, note,
    tags, forward_query, expires, max_clicks, expired_url) WHERE user_id IS NULL;

-- The tags of links again, one a row, to find the links of a tag.
CREATE TABLE tags (
    user_id BIGINT NOT NULL REFERENCES users (id),
    tag     TEXT   NOT NULL,
    link_id BIGINT NOT NULL REFERENCES links (id),
    PRIMARY KEY (user_id, tag, link_id)
);
CREATE INDEX tags_by_link ON tags (link_id, tag, user_id);

-- Where a link has led, if that was changed. The newest row is its long_url.
CREATE TABLE versions (
    link_id         BIGINT NOT NULL REFERENCES links (id),
    number          BIGINT NOT NULL, -- from 1 on
    since           BIGINT NOT NULL, -- Unix second
    long_url        TEXT   NOT NULL,
    long_url_digest BIGINT NOT NULL, -- as of links
    aggregate_id    BIGINT REFERENCES links (id), -- null: not known
    PRIMARY KEY (link_id, number)
);
CREATE INDEX versions_whole ON versions (link_id, number, since, long_url_digest, aggregate_id);
CREATE INDEX versions_by_aggregate ON versions (aggregate_id); -- references look here

-- The aggregate links that a link had before its long_url was changed. They
-- are deleted with the last link that has or had them.
CREATE TABLE former_aggregates (
    link_id      BIGINT NOT NULL REFERENCES links (id),
    aggregate_id BIGINT NOT NULL REFERENCES links (id),
    PRIMARY KEY (link_id, aggregate_id)
);
CREATE INDEX former_aggregates_by_aggregate ON former_aggregates (aggregate_id, link_id);
