-- The newest ids given out. Ids are counted here rather than by the engine,
-- so that they are never reused, whatever is deleted, on any engine. Every
-- writing transaction that makes ids locks this one row first.
CREATE TABLE last_ids (
    user_id    BIGINT NOT NULL,
    link_id    BIGINT NOT NULL,
    keyword_id BIGINT NOT NULL
);
INSERT INTO last_ids (user_id, link_id, keyword_id) VALUES (0, 0, 0);

CREATE TABLE users (
    id      BIGINT PRIMARY KEY,
    login   TEXT   NOT NULL UNIQUE,
    created BIGINT NOT NULL -- Unix second
);

CREATE TABLE tokens (
    digest  TEXT   PRIMARY KEY, -- SHA-256 of the token, 64 lower-case hex digits
    user_id BIGINT NOT NULL REFERENCES users (id),
    created BIGINT NOT NULL -- Unix second
);
