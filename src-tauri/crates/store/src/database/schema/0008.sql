-- Times of which records may be of two times, because the clock of the machine was set and Binnacle followed it.
CREATE TABLE clock_jumps (start_time BIGINT NOT NULL, end_time BIGINT NOT NULL)
