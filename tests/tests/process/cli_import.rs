//! `binnacle-cli import` into a running engine and into a folder without one.

use std::{fs, path::Path};

use model::{ImportState, ImportStatus};
use test_support::engine_process::{self, EngineProcess};

fn import(data: &Path, arguments: &[&str]) -> (bool, Vec<ImportStatus>, String) {
    let arguments: Vec<&str> = ["import", "--json"].iter().chain(arguments).copied().collect();
    let output = engine_process::command(data, &arguments).unwrap().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let statuses = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.success(), statuses, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn files_are_imported_with_and_without_a_running_engine() {
    let mut engine = EngineProcess::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("a.csv");
    fs::write(&csv, "time,metric,value,room\n2024-05-01T00:00:00Z,t,1,lab\n2024-05-01T00:01:00Z,t,x,lab\n")
        .unwrap();
    let text = folder.path().join("b.prom");
    fs::write(&text, "# TYPE up gauge\nup{job=\"node\"} 1 1714521600000\n").unwrap();
    let (csv, text) = (csv.to_str().unwrap(), text.to_str().unwrap());
    let (succeeded, statuses, errors) = import(&engine.data(), &[csv, text, "--service", "house"]);
    assert!(succeeded && errors.contains("samples older than 60 days will be deleted"), "{errors}");
    assert_eq!(statuses.iter().map(|status| status.progress.points).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(statuses[0].progress.reasons, ["line 3, column 24: \"x\" is not a number"]);
    let missing = folder.path().join("missing");
    let (succeeded, statuses, errors) = import(&engine.data(), &[missing.to_str().unwrap(), text]);
    assert!(!succeeded && statuses.len() == 1 && errors.contains("cannot find it"), "{errors}");
    engine.stop().await.unwrap();
    let (succeeded, statuses, errors) = import(&engine.data(), &["--dry-run", csv]);
    assert!(succeeded && statuses[0].state == ImportState::Done, "{errors}");
    let new = folder.path().join("new");
    let (succeeded, statuses, errors) = import(&new, &[csv]);
    assert!(succeeded && statuses[0].progress.series == 1, "{errors}");
    let output = engine_process::command(&new, &["query", "t", "--last", "2000d", "--json"])
        .unwrap()
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("lab"), "{text}");
}
