//! Checks, alerts and everything else that happened.

mod alerts;
mod checks;
mod demonstration;
mod ledger;
