-- Samples and histogram points lie in heads, one pair of tables per head: samples_N and histogram_points_N. The
-- newest takes what comes; older ones wait to be sealed into partitions.
ALTER TABLE samples RENAME TO samples_1;
ALTER TABLE histogram_points RENAME TO histogram_points_1;
CREATE TABLE heads (id UBIGINT NOT NULL, opened BIGINT NOT NULL);
INSERT INTO heads VALUES (1, 0);
-- One row that changes with every change of heads or partitions.
CREATE TABLE layout (generation UBIGINT NOT NULL);
INSERT INTO layout VALUES (1);
-- Parquet files in the folder `partitions`. `head` is the newest head whose points are in it.
CREATE TABLE partitions (
    id UBIGINT NOT NULL,
    signal VARCHAR NOT NULL,
    level UTINYINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    last_time BIGINT NOT NULL,
    points UBIGINT NOT NULL,
    series UBIGINT NOT NULL,
    bytes UBIGINT NOT NULL,
    checksum VARCHAR NOT NULL,
    format UTINYINT NOT NULL,
    head UBIGINT NOT NULL,
    pinned BOOLEAN NOT NULL
);
CREATE TABLE partition_services (
    partition_id UBIGINT NOT NULL,
    service VARCHAR NOT NULL,
    points UBIGINT NOT NULL,
    bytes UBIGINT NOT NULL
)
