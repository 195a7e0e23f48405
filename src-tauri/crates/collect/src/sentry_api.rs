//! A Sentry installation, sentry.io or one's own, asked through its web API for its figures.
//!
//! What is counted (errors, transactions, outcomes, sessions) is asked for one closed stretch of time after the
//! other and stored as delta counters stamped with the last millisecond of the stretch; what stands (issues, cron
//! monitors) is stored as gauges. The service of every series is the project. `docs/sentry.md` has the list.

mod access;
mod client;
mod counts;
mod directory;
mod failure;
mod issues;
mod limits;
mod monitors;
mod outcomes;
mod pace;
mod poll;
mod progress;
mod series;
mod sessions;
mod standing;
mod windows;

pub use access::sentry_access;
pub use client::TokenSource;
pub use poll::run_sentry;
pub use progress::forget_sentry;
