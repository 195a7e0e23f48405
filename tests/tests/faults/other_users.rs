//! Attacks by another user of the machine, as that user. Without root they cannot be made.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use test_support::{
    engine_process::{self, EngineProcess, SETTINGS},
    wait::wait_until,
};

/// A user without any rights.
const NOBODY: u32 = 65_534;

/// Listens for datagrams on a socket.
const STATSD: &str = "use IO::Socket::UNIX; umask 0; \
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!; sleep 600;";

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns a folder that every user may write to, as `/tmp`.
fn shared_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o1777);
    folder
}

/// Returns a command of the other user.
fn foreign(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).uid(NOBODY).gid(NOBODY).current_dir("/");
    command
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already needs no more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path) -> Output {
    engine_process::command(data, &["serve", "--http", "127.0.0.1:0"]).unwrap().output().unwrap()
}

#[tokio::test]
async fn another_user_reads_and_changes_no_file_of_the_data_folder() {
    if !is_root() {
        return;
    }
    let engine = EngineProcess::start().await.unwrap();
    // A browser and a secret, so that their files exist.
    let link = engine.link().unwrap();
    test_support::console_page::ConsolePage::open(&link).await.unwrap();
    set_mode(engine.scratch(), 0o755);
    let mut all = Vec::new();
    files(&engine.data(), &mut all);
    for name in ["engine.json", "browsers.json", "settings.toml", "binnacle.duckdb"] {
        assert!(all.iter().any(|path| path.file_name().is_some_and(|found| found == name)), "{all:?}");
    }
    let paths: Vec<&str> = all.iter().map(|path| path.to_str().unwrap()).collect();
    let output = foreign("cat", &paths).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let refusals = String::from_utf8_lossy(&output.stderr).matches("Permission denied").count();
    assert_eq!(refusals, paths.len(), "{output:?}");
    // The mode of the folder is not the only defence.
    set_mode(&engine.data(), 0o755);
    let note = engine.note();
    let note = note.to_str().unwrap();
    for action in ["cat \"$1\"", "echo evil > \"$1\"", "rm -f \"$1\"", "ln -sf /etc/passwd \"$1\""] {
        let output = foreign("sh", &["-c", action, "sh", note]).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{action}: {output:?}");
    }
    engine.status().await.unwrap();
}

#[tokio::test]
async fn the_statsd_socket_of_another_user_is_not_replaced() {
    if !is_root() {
        return;
    }
    let folder = shared_folder();
    let socket = folder.path().join("statsd.sock");
    let mut server = foreign("/usr/bin/perl", &["-e", STATSD, socket.to_str().unwrap()]);
    let _server = Program(server.stdout(Stdio::null()).spawn().unwrap());
    wait_until("the other user listens", async || Ok(socket.exists())).await.unwrap();
    let before = fs::symlink_metadata(&socket).unwrap().ino();
    let settings = SETTINGS.replace("statsd = ", &format!("statsd_socket = {socket:?}\nstatsd = "));
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.launch(&[]).await.unwrap();
    let refused = engine.wait_for_status("the socket is in use", |status| {
        status.listeners.iter().any(|one| one.address == socket.to_string_lossy() && !one.message.is_empty())
    });
    refused.await.unwrap();
    engine.stop().await.unwrap();
    let after = fs::symlink_metadata(&socket).unwrap();
    assert!(after.file_type().is_socket() && after.ino() == before, "the socket is still the other user's");
}

#[test]
fn links_that_another_user_planted_are_not_followed() {
    if !is_root() {
        return;
    }
    for name in
        ["settings.toml", "secrets.json", "browsers.json", "binnacle.duckdb", "temporary", "engine.json"]
    {
        let (shared, private) = (shared_folder(), tempfile::tempdir().unwrap());
        let target = private.path().join("target");
        fs::write(&target, "of the victim").unwrap();
        let data = shared.path().join("data");
        fs::create_dir(&data).unwrap();
        set_mode(&data, 0o777);
        let link = data.join(name);
        let planted = foreign("ln", &["-s", target.to_str().unwrap(), link.to_str().unwrap()]).status();
        assert!(planted.unwrap().success());
        let output = serve(&data);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && message.contains("65534"), "{name}: {message}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "of the victim", "{name}");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "{name}: nothing else is written");
    }
}

#[test]
fn a_data_folder_that_another_user_made_first_is_refused() {
    if !is_root() {
        return;
    }
    let shared = shared_folder();
    let data = shared.path().join("data");
    assert!(foreign("mkdir", &["-m", "777", data.to_str().unwrap()]).status().unwrap().success());
    let output = serve(&data);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && message.contains("belongs to user 65534"), "{message}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}
