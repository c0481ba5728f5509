-- What no other index holds of a row: SQLite proves that a row and its copies
-- in the indexes agree, so that nothing in a row changes by itself unnoticed.
-- Only long URLs are not copied; they have their digest.
CREATE INDEX users_whole ON users (id, created, full_name, key_version, password);
CREATE INDEX tokens_by_user ON tokens (user_id, created);
CREATE INDEX links_whole ON links (id, aggregate_id, created, user_ts, modified, private, archived, title, note);
CREATE INDEX installation_whole ON installation (id, secret);
