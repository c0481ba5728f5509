-- A user's links in the order in which they are listed, with all that a list
-- is filtered by and all that a search looks into: to search is to read one
-- stretch of this index and no row. The more rows there are to read, the more
-- that counts: seven times for 50,000 links.
DROP INDEX links_by_user;
CREATE INDEX links_by_user ON links (user_id, user_ts, id, created, modified, private, archived, long_url, title, note)
    WHERE user_id IS NOT NULL;

-- It is a copy of links of users, too. What is left are aggregate links. The
-- aggregate_id of links is in links_by_aggregate.
DROP INDEX links_whole;
CREATE INDEX aggregates_whole ON links (id, aggregate_id, created, user_ts, modified, private, archived, title, note)
    WHERE user_id IS NULL;
