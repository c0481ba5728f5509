-- A keyword is found in any case: keyword_folded is store.FoldName of it. The
-- domain may be empty: the keyword is of every domain.
ALTER TABLE keywords ADD COLUMN keyword_folded TEXT NOT NULL DEFAULT '';
UPDATE keywords SET keyword_folded = fold_name(keyword);
CREATE INDEX keywords_by_folded ON keywords (keyword_folded, domain, id);
