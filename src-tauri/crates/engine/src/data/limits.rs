//! The limits of the settings that store and receivers enforce: series, free disk space and memory.

use config::Settings;
use ingest::IntakeBudget;
use runtime::ResponseBudget;
use store::{CardinalityLimits, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Sets the limits of the settings.
pub(crate) fn apply_limits(
    store: &Store,
    budget: &IntakeBudget,
    responses: &ResponseBudget,
    settings: &Settings,
) {
    let limits = &settings.limits;
    budget.set_limit(limits.intake_bytes as usize);
    responses.set_limit(limits.response_bytes as usize);
    store.admin().set_reserve(u64::from(settings.storage.reserve_megabytes) * 1_000_000);
    store.admin().limit_series(CardinalityLimits {
        total: limits.series.into(),
        per_service: limits.series_per_service.into(),
        values_per_label: limits.values_per_label.into(),
        label_bytes: limits.label_bytes.into(),
        resources: limits.resources.into(),
        label_set_bytes: limits.label_set_bytes as usize,
    });
}

/// Sets the limits after each change of the settings until `stop`.
pub(crate) async fn follow_limits(
    store: Store,
    budget: IntakeBudget,
    responses: ResponseBudget,
    mut settings: watch::Receiver<Settings>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
        }
        apply_limits(&store, &budget, &responses, &settings.borrow_and_update());
    }
}
