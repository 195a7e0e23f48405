//! A false Sentry: what it answers takes neither the memory nor the descriptors of the engine.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    wait::wait_until,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Memory that an attack may take beside what the engine had before.
const MAX_BYTES: u64 = 192 << 20;
/// Descriptors that an attack may take.
const MAX_DESCRIPTORS: usize = 24;
/// Requests that an attack answers.
const REQUESTS: usize = 4;

static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let blanks = vec![b' '; 1 << 20];
    (0..256).for_each(|_| bomb.write_all(&blanks).unwrap());
    bomb.finish().unwrap()
});

#[derive(Debug, Clone, Copy)]
enum Attack {
    /// Lists of 8 MiB, each with a next page.
    Pages,
    /// A list that does not end.
    Endless,
    /// A compressed list of 256 MiB.
    Bomb,
    /// Headers that do not end.
    Headers,
    /// A byte now and then.
    Slow,
}

/// Reads the head of a request and answers it.
async fn answer(stream: &mut TcpStream, attack: Attack, counted: &AtomicUsize) -> std::io::Result<()> {
    let mut request = vec![0; 16 << 10];
    if stream.read(&mut request).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let number = counted.fetch_add(1, Ordering::Relaxed);
    let next = format!(
        "link: <http://x/?cursor=0:{number}:0>; rel=\"next\"; results=\"true\"; cursor=\"0:{number}:0\"\r\n"
    );
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}\r\n");
    let entry = format!("{{\"id\":\"1\",\"slug\":\"a\",\"name\":\"{}\"}},", "n".repeat(1_000));
    match attack {
        Attack::Pages => {
            let list = format!("[{}{{\"id\":\"1\",\"slug\":\"a\"}}]", entry.repeat(8_000));
            let head = head(&format!("content-length: {}\r\n{next}", list.len()));
            stream.write_all((head + &list).as_bytes()).await
        }
        Attack::Endless => {
            stream.write_all(head("connection: close\r\n").as_bytes()).await?;
            stream.write_all(b"[").await?;
            loop {
                stream.write_all(entry.repeat(1_000).as_bytes()).await?;
            }
        }
        Attack::Bomb => {
            let head = head(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", BOMB.len()));
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&BOMB).await
        }
        Attack::Headers => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(format!("x-{}: y\r\n", "h".repeat(4_000)).repeat(100).as_bytes()).await?;
            }
        }
        Attack::Slow => {
            stream.write_all(head("connection: close\r\n").as_bytes()).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Starts the server. Returns its address and the number of requests.
async fn serve(attack: Attack) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                // A client that goes away ends the attack.
                while answer(&mut stream, attack, &counted).await.is_ok() {}
            });
        }
    });
    (address, requests)
}

fn peak(engine: &EngineProcess) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", engine.process_id()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

fn descriptors(engine: &EngineProcess) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{}/fd", engine.process_id()?))?.count())
}

async fn attacked(attack: Attack) {
    let (address, requests) = serve(attack).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "sntryu_1").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let mut engine = EngineProcess::prepare(&format!("{SETTINGS}\n[host]\nenabled = false\n")).unwrap();
    engine.start_again().await.unwrap();
    fs::write(format!("/proc/{}/clear_refs", engine.process_id().unwrap()), "5").unwrap();
    let (memory, files) = (peak(&engine).unwrap(), descriptors(&engine).unwrap());
    let settings = format!(
        "{SETTINGS}\n[host]\nenabled = false\n\n[[sentry]]\nname = \"false\"\nurl = \"{address}\"\n\
         token_file = {token:?}\ninterval_seconds = 5\nrequests_per_second = 40\n"
    );
    fs::write(engine.settings_file(), settings).unwrap();
    // One slow answer lasts as long as a request may.
    let wanted = if matches!(attack, Attack::Slow) { 2 } else { REQUESTS };
    let mut most = 0;
    let answered = wait_until("the attack is answered", async || {
        most = most.max(descriptors(&engine)?);
        Ok(requests.load(Ordering::Relaxed) >= wanted)
    });
    answered.await.unwrap();
    let taken = peak(&engine).unwrap().saturating_sub(memory);
    println!("{attack:?}: {} MiB and {} descriptors more", taken >> 20, most.saturating_sub(files));
    assert!(taken < MAX_BYTES, "{attack:?}: {} MiB", taken >> 20);
    assert!(most < files + MAX_DESCRIPTORS, "{attack:?}: {files} descriptors became {most}");
    let state = |status: &model::EngineStatus| {
        status.components.iter().any(|one| one.name == "sentry false" && !one.message.is_empty())
    };
    engine.wait_for_status("the fault is reported", state).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_pages_are_bounded() {
    attacked(Attack::Pages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_an_end_is_bounded() {
    attacked(Attack::Endless).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_list_is_bounded() {
    attacked(Attack::Bomb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_an_end_are_bounded() {
    attacked(Attack::Headers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_bounded() {
    attacked(Attack::Slow).await;
}
