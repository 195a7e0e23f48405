//! The rights of commands, and what becomes of a browser's call that needs the machine.

use api::Right::{self, Browser, Depends, Machine};

/// Every command with its right. A new one is added here deliberately: `Browser` commands can be
/// called by whatever runs in a browser session.
const EXPECTED: &[(&str, Right)] = &[
    ("acknowledge_alert", Browser),
    ("add_log_file", Machine),
    ("add_scrape_target", Depends),
    ("alert_evidence", Browser),
    ("alert_history", Browser),
    ("alerts", Browser),
    ("analyse", Browser),
    ("append_upload", Browser),
    ("apply_retention", Browser),
    ("backtest_rule", Browser),
    ("begin_upload", Browser),
    ("cancel_upload", Browser),
    ("check_results", Browser),
    ("checkpoint_data", Browser),
    ("checks", Browser),
    ("compact_data", Browser),
    ("compare", Browser),
    ("confirm", Machine),
    ("confirmations", Machine),
    ("count_logs", Browser),
    ("data", Browser),
    ("delete_check", Browser),
    ("delete_rule", Browser),
    ("delete_silence", Browser),
    ("drop_orphans", Machine),
    ("exemplars", Browser),
    ("export", Browser),
    ("findings", Browser),
    ("gaps", Browser),
    ("import", Machine),
    ("import_upload", Browser),
    ("imports", Browser),
    ("incidents", Browser),
    ("integrity_targets", Browser),
    ("log_fields", Browser),
    ("metric_catalog", Browser),
    ("metric_tags", Browser),
    ("mute", Browser),
    ("notifications", Browser),
    ("pause", Browser),
    ("refuse", Machine),
    ("repair_data", Browser),
    ("report", Browser),
    ("retention_preview", Browser),
    ("rules", Browser),
    ("run_check", Browser),
    ("samples", Browser),
    ("save_check", Depends),
    ("save_rule", Browser),
    ("save_settings", Depends),
    ("save_silence", Browser),
    ("seal_data", Browser),
    ("search_logs", Browser),
    ("search_traces", Browser),
    ("sentry_access", Depends),
    ("sentry_connect", Depends),
    ("sentry_preset", Browser),
    ("sentry_preset_add", Depends),
    ("sentry_preset_remove", Browser),
    ("sentry_remove", Browser),
    ("series", Browser),
    ("service", Browser),
    ("service_names", Browser),
    ("services", Browser),
    ("set_setting", Depends),
    ("settings", Browser),
    ("silences", Browser),
    ("start_demonstration", Browser),
    ("status", Browser),
    ("stop_demonstration", Browser),
    ("stop_import", Browser),
    ("test_notification", Browser),
    ("trace", Browser),
    ("try_check", Depends),
    ("try_retention", Browser),
    ("verify_data", Browser),
];

#[test]
fn every_command_has_the_expected_right() {
    let mut declared = api::RIGHTS.to_vec();
    declared.sort_by_key(|(name, _)| *name);
    for pair in &declared {
        assert!(EXPECTED.contains(pair), "{pair:?} is not expected");
    }
    assert_eq!(declared, EXPECTED);
    assert_eq!(api::COMMANDS.len(), EXPECTED.len());
}
