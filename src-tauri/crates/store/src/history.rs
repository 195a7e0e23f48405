//! History: checks, alerts, the observation ledger and findings.
//!
//! Rows are JSON documents beside the columns that they are selected by.

pub(crate) mod alerts;
pub(crate) mod checks;
pub(crate) mod demonstration;
pub(crate) mod ledger;
pub(crate) mod reader;
pub(crate) mod writer;
