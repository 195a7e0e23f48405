-- Exemplars are sealed with the points: those that came through heads up to one go when it does.
ALTER TABLE exemplars ADD COLUMN head UBIGINT DEFAULT 0
