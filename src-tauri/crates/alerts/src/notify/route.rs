//! The route stage: chooses the channel of a rule's notifications.

use crate::{AlertRule, Channel, Channels};

/// The destination of a notification.
pub(crate) enum Route<'a> {
    /// The rule sends no notifications.
    Off,
    /// No channel is enabled; the notification is only logged.
    LogOnly,
    /// An enabled channel.
    To(&'a dyn Channel),
}

/// Returns the destination of a rule's notifications.
pub(crate) fn route<'a>(rule: &AlertRule, channels: &'a Channels) -> Route<'a> {
    match channels.enabled() {
        _ if !rule.notify => Route::Off,
        None => Route::LogOnly,
        Some(channel) => Route::To(channel),
    }
}
