-- Secret addresses at which anybody sees the clicks on one link or one tag.
CREATE TABLE shares (
    digest  TEXT   PRIMARY KEY, -- SHA-256 of the secret, 64 lower-case hex digits
    user_id BIGINT NOT NULL REFERENCES users (id),
    link_id BIGINT REFERENCES links (id), -- null: of a tag
    tag     TEXT   NOT NULL, -- empty: of a link
    created BIGINT NOT NULL, -- Unix second
    ends    BIGINT NOT NULL, -- Unix second; 0: never
    used    BIGINT NOT NULL, -- Unix second; 0: never
    proof   TEXT   NOT NULL, -- of its password; empty: it has none
    frames  TEXT   NOT NULL  -- who may show it in a frame; empty: nobody
);
CREATE INDEX shares_by_user ON shares (user_id, created);
CREATE INDEX shares_by_link ON shares (link_id) WHERE link_id IS NOT NULL;
