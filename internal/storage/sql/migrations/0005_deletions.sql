-- What was removed here, and is to be removed from the counts still.
CREATE TABLE deletions (
    user_id BIGINT NOT NULL, -- 0: nobody, the link is an aggregate link
    link_id BIGINT NOT NULL, -- 0: the user with all his links
    PRIMARY KEY (user_id, link_id)
);

-- Whether any link has an aggregate link; the reference looks here too.
CREATE INDEX links_by_aggregate ON links (aggregate_id);
