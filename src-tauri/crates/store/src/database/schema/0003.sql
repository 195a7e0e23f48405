-- What points come to by the minute and by the hour lies in files of its own (`form`). Files of the same points share a
-- bundle: the number of the file of points, which may be gone. `lasts` says by which of the three ages a file goes.
CREATE TABLE partition_files AS
    SELECT *, 'points' AS form, id AS bundle, 'hours' AS lasts FROM partitions;
DROP TABLE partitions
