-- The greatest segment id ever used. Ids are never used again: a reader of an earlier opening deletes the file of an
-- obsolete segment by its path.
ALTER TABLE manifest ADD COLUMN last_segment UBIGINT DEFAULT 0;
UPDATE manifest SET last_segment = coalesce((SELECT max(greatest(id, part_group)) FROM segments), 0)
