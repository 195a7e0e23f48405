-- Times and durations are nanoseconds, times since the Unix epoch in UTC. Attributes are JSON objects as text.
-- Kinds, temporalities and statuses are numbers in the order the crate `model` lists them.
CREATE TABLE schema_version (version BIGINT NOT NULL);

CREATE TABLE resources (
    id UBIGINT NOT NULL,
    service VARCHAR NOT NULL,
    demonstration BOOLEAN NOT NULL,
    attributes VARCHAR NOT NULL
);

CREATE TABLE series (
    id UBIGINT NOT NULL,
    name VARCHAR NOT NULL,
    kind UTINYINT NOT NULL,
    unit VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    temporality UTINYINT NOT NULL,
    monotonic BOOLEAN NOT NULL,
    service VARCHAR NOT NULL,
    resource_id UBIGINT NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL
);

CREATE TABLE samples (
    series_id UBIGINT NOT NULL,
    time BIGINT NOT NULL,
    start_time BIGINT,
    value DOUBLE NOT NULL
);

CREATE TABLE histogram_points (
    series_id UBIGINT NOT NULL,
    time BIGINT NOT NULL,
    start_time BIGINT,
    count UBIGINT NOT NULL,
    sum DOUBLE,
    min DOUBLE,
    max DOUBLE,
    bounds DOUBLE[],
    counts UBIGINT[],
    scale INTEGER,
    zero_threshold DOUBLE,
    zero_count UBIGINT,
    positive_offset INTEGER,
    negative_offset INTEGER,
    negative_counts UBIGINT[],
    quantile_values DOUBLE[]
);

CREATE TABLE exemplars (
    series_id UBIGINT NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    trace_id UUID,
    span_id UBIGINT,
    attributes VARCHAR NOT NULL
);

CREATE TABLE logs (
    id BIGINT NOT NULL,
    time BIGINT NOT NULL,
    observed_time BIGINT NOT NULL,
    severity UTINYINT NOT NULL,
    severity_text VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    resource_id UBIGINT NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL,
    trace_id UUID,
    span_id UBIGINT,
    event_name VARCHAR NOT NULL
);

CREATE TABLE spans (
    trace_id UUID NOT NULL,
    span_id UBIGINT NOT NULL,
    parent_span_id UBIGINT,
    name VARCHAR NOT NULL,
    kind UTINYINT NOT NULL,
    start_time BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    status UTINYINT NOT NULL,
    status_message VARCHAR NOT NULL,
    trace_state VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    resource_id UBIGINT NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL,
    events VARCHAR NOT NULL,
    links VARCHAR NOT NULL
);

CREATE TABLE checks (id VARCHAR NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE check_results (
    check_id VARCHAR NOT NULL,
    time BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    duration BIGINT NOT NULL,
    document VARCHAR NOT NULL
);
CREATE TABLE incidents (
    id VARCHAR NOT NULL,
    check_id VARCHAR NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    document VARCHAR NOT NULL
);
CREATE TABLE rules (id VARCHAR NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE alerts (
    fingerprint VARCHAR NOT NULL,
    rule_id VARCHAR NOT NULL,
    document VARCHAR NOT NULL
);
CREATE TABLE transitions (
    time BIGINT NOT NULL,
    fingerprint VARCHAR NOT NULL,
    rule_id VARCHAR NOT NULL,
    document VARCHAR NOT NULL
);
CREATE TABLE evidence (fingerprint VARCHAR NOT NULL, fired_at BIGINT NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE notifications (
    id VARCHAR NOT NULL,
    time BIGINT NOT NULL,
    fingerprint VARCHAR,
    document VARCHAR NOT NULL
);
CREATE TABLE silences (id VARCHAR NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE gaps (start_time BIGINT NOT NULL, end_time BIGINT NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE findings (
    id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT NOT NULL,
    noticed_at BIGINT NOT NULL,
    document VARCHAR NOT NULL
);
CREATE TABLE heartbeat (time BIGINT NOT NULL)
