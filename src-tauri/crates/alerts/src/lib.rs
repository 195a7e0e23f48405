//! Alert rules, the alert state machine and notifications.

mod channels;
mod check_rules;
mod error;
mod evidence;
mod format;
mod notify;
mod rule;
mod rules;
mod service;
mod sources;

pub use channels::{CHANNELS, Channel, Channels, ChosenAction, NotificationAction, desktop::NAME as DESKTOP};
pub use check_rules::NotifyingChecks;
pub use error::AlertError;
pub use format::duration_text;
pub use notify::{action::OpenedAlert, silence::silences};
pub use rule::{AlertRule, NoDataPolicy, RuleOverview};
pub use rules::{
    backtest::{BacktestInterval, NotificationPreview, RuleBacktest},
    state::{end_all, evaluate, fingerprint, unobserved},
    statistics::EvaluationStatistics,
    validate::validate,
};
pub use service::AlertService;
pub use sources::{Observation, RuleSource, check::CheckSource, logs::LogsSource, metric::MetricSource};
