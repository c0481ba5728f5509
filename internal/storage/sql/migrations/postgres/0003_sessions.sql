-- Browsers that are signed in, and links that set a password or sign in.
CREATE TABLE sessions (
    digest  TEXT   PRIMARY KEY, -- SHA-256 of the secret, 64 lower-case hex digits
    user_id BIGINT NOT NULL REFERENCES users (id),
    kind    BIGINT NOT NULL, -- 1: a browser that is signed in, 2: an invitation, 3: an entrance
    created BIGINT NOT NULL, -- Unix second
    used    BIGINT NOT NULL, -- Unix second
    agent   TEXT   NOT NULL,
    place   TEXT   NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, kind, created);
