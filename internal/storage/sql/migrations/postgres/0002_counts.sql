-- The name of the engine that has the counts; empty until the first server has opened them.
ALTER TABLE installation ADD COLUMN counts TEXT COLLATE "C" NOT NULL DEFAULT '';
