//! Health checks: kinds, schedule, verdicts and incidents.
