//! The local socket, used by this user and by others. The tests with another user need root.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use api::{Backend as _, ErrorCode, Reply};
use engine::running_engine;
use runtime::Clock;
use serde_json::json;
use test_support::wait::wait_until;
use web::{Console, RemoteBackend};

use crate::engine;

/// A user without any rights.
const NOBODY: u32 = 65_534;

/// Sends a command to the socket and prints the answer.
const CLIENT: &str = "use IO::Socket::UNIX; \
    my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die \"refused: $!\\n\"; \
    $socket->print(\"POST /api/command/status HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n\"); \
    print <$socket>;";

/// Listens on the socket and prints what it receives.
const SERVER: &str = "use IO::Socket::UNIX; umask 0; \
    my $server = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die $!; \
    while (my $client = $server->accept) { print <$client>; }";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn perl(script: &str, socket: &Path, user: u32) -> Command {
    let mut command = Command::new("/usr/bin/perl");
    command.args(["-e", script]).arg(socket).current_dir("/");
    if is_root() {
        command.uid(user).gid(user);
    }
    command
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_of_a_folder_answers_on_its_socket_and_makes_links() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder, Clock::system()).await;
    let console = Console::open(&engine, Some("127.0.0.1:0")).await.unwrap();
    let running = running_engine(engine.data_folder()).unwrap();
    assert_eq!(running.address, console.address());
    let note = fs::read_to_string(engine.data_folder().join("engine.json")).unwrap();
    let names: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&note).unwrap();
    assert_eq!(names.keys().collect::<Vec<_>>(), ["address", "process", "socket"], "no secret");

    let remote = RemoteBackend::new(&running.socket);
    assert!(matches!(remote.call("status", json!({})).await.unwrap(), Reply::Json(_)));
    let error = remote.call("make_coffee", json!({})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let link = remote.link().await.unwrap();
    assert!(link.starts_with(&format!("{}/#code=", console.address())), "{link}");
    console.stop().await;
    let error = remote.call("status", json!({})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_cannot_use_the_socket_nor_read_the_note() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let engine = engine(&folder, Clock::system()).await;
    let console = Console::open(&engine, Some("127.0.0.1:0")).await.unwrap();
    let running = running_engine(engine.data_folder()).unwrap();
    let answer = |user| perl(CLIENT, &running.socket, user).output().unwrap();

    let own = answer(0);
    assert!(String::from_utf8_lossy(&own.stdout).starts_with("HTTP/1.1 200"), "{own:?}");
    let foreign = answer(NOBODY);
    assert!(String::from_utf8_lossy(&foreign.stderr).contains("Permission denied"), "{foreign:?}");
    for name in ["engine.json", "engine.lock"] {
        let mut reader = Command::new("cat");
        reader.arg(engine.data_folder().join(name)).uid(NOBODY).gid(NOBODY).current_dir("/");
        let read = reader.output().unwrap();
        assert!(!read.status.success() && read.stdout.is_empty(), "{read:?}");
    }
    // The permissions are not the only defence: with them gone, the user of the peer is checked.
    set_mode(engine.data_folder(), 0o777);
    set_mode(&running.socket, 0o666);
    let foreign = answer(NOBODY);
    assert!(foreign.stdout.is_empty(), "{foreign:?}");
    let own = answer(0);
    assert!(String::from_utf8_lossy(&own.stdout).starts_with("HTTP/1.1 200"), "{own:?}");
    console.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_the_socket_of_another_user() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o777);
    let socket = folder.path().join("console.sock");
    let mut server = perl(SERVER, &socket, NOBODY).stdout(Stdio::piped()).spawn().unwrap();
    wait_until("the other user listens", async || Ok(socket.exists())).await.unwrap();
    let remote = RemoteBackend::new(&socket);
    let error = remote.call("status", json!({"secret": "of this user"})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("belongs to another user (65534)"), "{error}");
    assert!(remote.subscribe("status", json!({})).await.is_err());
    server.kill().unwrap();
    let output = server.wait_with_output().unwrap();
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}
