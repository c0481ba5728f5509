-- How many transactions changed the database: an older copy of it is told from
-- a newer one by that.
ALTER TABLE last_ids ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- One row: what the data directory remembers of the parts beside this one.
CREATE TABLE progress (
    id     BIGINT PRIMARY KEY,
    record TEXT   NOT NULL
);
CREATE INDEX progress_whole ON progress (id, record);

-- Each process that had the database open, with the version from which on its
-- changes are. A copy that went its own way has others.
CREATE TABLE lives (
    id      BIGINT PRIMARY KEY, -- in order
    version BIGINT NOT NULL,
    life    TEXT   NOT NULL
);
CREATE INDEX lives_whole ON lives (id, version, life);
