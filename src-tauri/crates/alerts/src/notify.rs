//! Notifications: the stages between an alert and a channel, one file each.
//!
//! 1. `route` chooses the channel.
//! 2. `silence` finds silences that cover the alert.
//! 3. `deduplicate` decides whether a notification is due.
//! 4. `group` joins the alerts of one evaluation of a rule to one notification.
//! 5. `send` delivers it and schedules retries.
//! 6. `log` records the outcome.

pub(crate) mod action;
mod deduplicate;
pub(crate) mod description;
mod group;
pub(crate) mod log;
pub(crate) mod pipeline;
mod route;
mod send;
pub(crate) mod silence;
