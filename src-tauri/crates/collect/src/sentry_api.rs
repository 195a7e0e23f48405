//! The collector of a Sentry installation, sentry.io or self-hosted, through its web API.
//!
//! Counts (errors, transactions, outcomes, sessions) are requested for one closed time window after
//! the other. They are stored as delta counters with the last millisecond of the window as their
//! time. States (issues, cron monitors) are stored as gauges. The service of every series is the
//! project. `docs/sentry.md` lists the series.

mod address;
mod checkpoint;
mod client;
mod collection;
mod counts;
mod directory;
mod failure;
mod issues;
mod limits;
mod monitors;
mod outcomes;
mod pages;
mod poll;
mod rate_limiter;
mod response;
mod series;
mod sessions;
mod sync_health;
mod token_access;
mod window;

pub use checkpoint::forget_sentry;
pub use client::TokenSource;
pub use poll::run_sentry;
pub use token_access::sentry_access;
