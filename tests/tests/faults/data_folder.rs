//! Data folders that are in use, damaged or of another version, and invalid settings.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use prost::Message;
use test_support::{
    engine_process::{self, EngineProcess},
    otlp_load::{OtlpConnection, Signal},
};

use crate::one_log;

const DATABASE: &str = "binnacle.duckdb";

fn serve(data: &Path) -> Output {
    let mut command: Command = engine_process::command(data, &["serve", "--http", "127.0.0.1:0"]).unwrap();
    command.output().unwrap()
}

fn refusal(data: &Path) -> String {
    let output = serve(data);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "no ready line: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// Creates a folder with data of an engine that stopped cleanly.
async fn used_folder() -> EngineProcess {
    let mut engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let mut connection = OtlpConnection::open(address).await.unwrap();
    for number in 0..20 {
        connection.send(Signal::Logs, one_log(&format!("record {number}")).encode_to_vec()).await.unwrap();
    }
    assert!(engine.stop().await.unwrap().success());
    engine
}

#[tokio::test]
async fn a_second_engine_on_the_folder_is_refused_and_names_the_first() {
    let engine = EngineProcess::start().await.unwrap();
    let message = refusal(&engine.data());
    assert!(message.contains("another Binnacle already runs on"), "{message}");
    assert!(message.contains(&engine.process_id().unwrap().to_string()), "{message}");
    assert!(message.contains(engine.address()), "{message}");
    engine.status().await.unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_of_another_user_is_refused() {
    use std::os::unix::fs::chown;

    let folder = tempfile::tempdir().unwrap();
    // Only root can give the folder away. Everyone else is refused on a folder of root.
    let planted = match chown(folder.path(), Some(65534), None) {
        Ok(()) => folder.path(),
        Err(_) => Path::new("/"),
    };
    let message = refusal(planted);
    assert!(message.contains("belongs to user"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
}

#[cfg(unix)]
#[test]
fn files_are_private_whatever_mask_the_program_inherits() {
    use std::os::unix::fs::PermissionsExt as _;

    let base = tempfile::tempdir().unwrap();
    let data = base.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    // The import of a missing file opens the folder and ends.
    let program = engine_process::command(&data, &["import", "/missing.csv"]).unwrap();
    let mut open = Command::new("sh");
    open.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(program.get_program()).args(program.get_args());
    let output = open.env_remove("DBUS_SESSION_BUS_ADDRESS").output().unwrap();
    assert!(data.join(DATABASE).exists(), "{}", String::from_utf8_lossy(&output.stderr));
    let entries = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.chain([data.clone()]) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

#[tokio::test]
async fn data_of_a_newer_version_are_refused_and_left_alone() {
    let engine = used_folder().await;
    let database = engine.data().join(DATABASE);
    let connection = duckdb::Connection::open(&database).unwrap();
    connection.execute_batch("INSERT INTO schema_version VALUES (999); CHECKPOINT").unwrap();
    drop(connection);
    let before = fs::read(&database).unwrap();
    let message = refusal(&engine.data());
    assert!(message.contains("schema version 999") && message.contains("newer Binnacle"), "{message}");
    assert!(fs::read(&database).unwrap() == before, "the file changed");
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_alone() {
    let engine = used_folder().await;
    let database = engine.data().join(DATABASE);
    let good = fs::read(&database).unwrap();
    let with_noise_at = |start: usize| {
        let mut bytes = good.clone();
        bytes[start..start + 4096].iter_mut().for_each(|byte| *byte ^= 0xa5);
        bytes
    };
    let damages = [
        ("another kind of file", b"these are my notes, not a database\n".repeat(100)),
        ("cut in half", good[..good.len() / 2].to_vec()),
        ("noise at its head", with_noise_at(0)),
        ("noise in the two headers", {
            let mut bytes = with_noise_at(4096);
            bytes[8192..12288].copy_from_slice(&with_noise_at(8192)[8192..12288]);
            bytes
        }),
    ];
    for (name, damaged) in damages {
        fs::write(&database, &damaged).unwrap();
        let message = refusal(&engine.data());
        assert!(message.contains("damaged or not a database"), "{name}: {message}");
        assert!(message.contains(DATABASE), "{name}: {message}");
        assert!(fs::read(&database).unwrap() == damaged, "{name}: the file changed");
    }
    fs::write(&database, &good).unwrap();
    let mut engine = engine;
    engine.start_again().await.unwrap();
    assert_eq!(crate::log_bodies(&engine, "record").await.len(), 20);
}

#[test]
fn settings_that_cannot_be_read_stop_the_start_with_line_and_reason() {
    let engine = EngineProcess::prepare("[listen]\notlp_gprc = \"127.0.0.1:0\"\n").unwrap();
    let message = refusal(&engine.data());
    assert!(message.contains("otlp_gprc") && message.contains("line 2"), "{message}");
}
