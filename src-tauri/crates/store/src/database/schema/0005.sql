-- Sealed files are segments: in the folder `segments`, in the table `segments`. `layout` becomes `manifest`, `form` the
-- resolution, `bundle` the part group, and `lasts` the retention tier.
CREATE TABLE manifest (generation UBIGINT NOT NULL);
INSERT INTO manifest SELECT generation + 1 FROM layout;
DROP TABLE layout;
CREATE TABLE segments (
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
    pinned BOOLEAN NOT NULL,
    resolution VARCHAR NOT NULL,
    part_group UBIGINT NOT NULL,
    retention_tier VARCHAR NOT NULL
);
INSERT INTO segments
    SELECT id, signal, level, window_start, window_end, first_time, last_time, points, series, bytes, checksum, format,
        head, pinned, form, bundle, lasts
    FROM partition_files;
DROP TABLE partition_files;
CREATE TABLE segment_services (
    segment_id UBIGINT NOT NULL,
    service VARCHAR NOT NULL,
    points UBIGINT NOT NULL,
    bytes UBIGINT NOT NULL
);
INSERT INTO segment_services SELECT partition_id, service, points, bytes FROM partition_services;
DROP TABLE partition_services
