-- How many transactions changed the database: an older copy of it is told from
-- a newer one by that.
ALTER TABLE last_ids ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- One row: what the data directory remembers of the parts beside this one.
CREATE TABLE progress (
    id     BIGINT PRIMARY KEY,
    record TEXT   NOT NULL
);
CREATE INDEX progress_whole ON progress (id, record);
