//! Rules: their evaluation over time and the state of their alerts.

pub(crate) mod backtest;
pub(crate) mod evaluate;
pub(crate) mod rule_set;
pub(crate) mod rule_state;
pub(crate) mod scheduler;
pub(crate) mod state;
pub(crate) mod statistics;
pub(crate) mod validate;
