//! The cost of many scrape jobs, against Prometheus with the same targets.

use std::{
    fs,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use test_support::{engine_process::EngineProcess, wait::wait_for_every};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    percentile::milliseconds,
    process::{Memory, ProcessorTime},
    server::Server,
    settings::QUIET,
    table,
};

/// Number of jobs, each with one target.
const JOBS: usize = 211;
/// Series of each target.
const SERIES: usize = 100;
/// Seconds between two scrapes.
const INTERVAL: u64 = 5;
/// Time between two checks of the targets.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Time for which the program is idle before its jobs begin.
const SETTLE: Duration = Duration::from_secs(5);
/// Length of the measurement of the running jobs.
const LENGTH: Duration = Duration::from_secs(60);

/// The listeners of a Binnacle that only scrapes.
const LISTEN: &str = "\
[listen]
otlp_grpc = \"\"
otlp_http = \"\"
remote_write = \"\"
statsd = \"\"
web = \"127.0.0.1:0\"
";

/// Starts the jobs in each program and prints a table.
pub(crate) async fn run() -> Result<()> {
    let targets = Targets::start().await?;
    let ours = measure(Contender::binnacle().await?, &targets).await?;
    let theirs = measure(Contender::prometheus().await?, &targets).await?;
    println!();
    table::print(
        &[
            "program (ours to theirs)",
            "processor s, first scrapes",
            "first scrape s, median / last",
            "memory MiB, added",
            "processor s per minute after it",
            "scrapes in that minute",
            "lateness ms, median and longest",
        ],
        &[ours.row(Some(&theirs)), theirs.row(None)],
    );
    println!(
        "\n{JOBS} jobs of one target with {SERIES} series each, every {INTERVAL} s, added to a running program. \
         The targets are on the same cores."
    );
    Ok(())
}

struct Outcome {
    name: &'static str,
    start: f64,
    first: Vec<Duration>,
    memory: f64,
    running: f64,
    scrapes: usize,
    lateness: Vec<Duration>,
}

impl Outcome {
    fn row(&self, theirs: Option<&Self>) -> Vec<String> {
        let ratio = |of: fn(&Self) -> f64| {
            theirs.map_or_else(String::new, |theirs| format!(" ({:.2}x)", of(self) / of(theirs)))
        };
        let seconds = |quantile: f64| {
            let index = ((self.first.len() - 1) as f64 * quantile) as usize;
            self.first[index].as_secs_f64()
        };
        vec![
            self.name.to_owned(),
            format!("{:.2}{}", self.start, ratio(|outcome| outcome.start)),
            format!("{:.2} / {:.2}", seconds(0.5), seconds(1.0)),
            format!("{:.1}{}", self.memory, ratio(|outcome| outcome.memory)),
            format!("{:.2}{}", self.running, ratio(|outcome| outcome.running)),
            self.scrapes.to_string(),
            format!("{} / {}", milliseconds(&self.lateness, 0.5), milliseconds(&self.lateness, 1.0)),
        ]
    }
}

async fn measure(contender: Contender, targets: &Targets) -> Result<Outcome> {
    println!("{} ...", contender.name());
    let process = contender.process_id()?;
    tokio::time::sleep(SETTLE).await;
    targets.clear();
    let (before, memory) = (ProcessorTime::of(process)?, Memory::of(process)?.anonymous);
    let begun = Instant::now();
    contender.add_jobs(&targets.addresses).await?;
    let first = wait_for_every(POLL_INTERVAL, "every target is scraped", async || {
        let scraped = targets.scraped();
        let first: Option<Vec<_>> = scraped.iter().map(|times| times.first().copied()).collect();
        Ok(first.filter(|first| first.len() == JOBS))
    })
    .await?;
    let mut first: Vec<Duration> = first.into_iter().map(|time| time - begun).collect();
    first.sort_unstable();
    // The answers of the last ones are stored.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = ProcessorTime::of(process)?;
    tokio::time::sleep(SETTLE).await;
    targets.clear();
    let running = ProcessorTime::of(process)?;
    tokio::time::sleep(LENGTH).await;
    let ended = ProcessorTime::of(process)?;
    let scraped = targets.scraped();
    let interval = Duration::from_secs(INTERVAL);
    let mut lateness: Vec<Duration> = scraped
        .iter()
        .flat_map(|times| times.windows(2).map(|pair| (pair[1] - pair[0]).saturating_sub(interval)))
        .collect();
    lateness.sort_unstable();
    Ok(Outcome {
        name: contender.name(),
        start: started.seconds_since(before),
        first,
        memory: Memory::of(process)?.anonymous - memory,
        running: ended.seconds_since(running),
        scrapes: scraped.iter().map(Vec::len).sum(),
        lateness,
    })
}

/// A program that scrapes.
enum Contender {
    Binnacle(Box<EngineProcess>),
    Prometheus(Server),
}

impl Contender {
    async fn binnacle() -> Result<Self> {
        let mut engine = EngineProcess::prepare(&format!("{LISTEN}{QUIET}"))?;
        engine.launch(&[]).await?;
        Ok(Self::Binnacle(Box::new(engine)))
    }

    async fn prometheus() -> Result<Self> {
        Ok(Self::Prometheus(Server::prometheus("scrape_configs: []\n", &[]).await?))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Binnacle(_) => "Binnacle",
            Self::Prometheus(_) => "Prometheus 2.42",
        }
    }

    fn process_id(&self) -> Result<u32> {
        match self {
            Self::Binnacle(engine) => engine.process_id(),
            Self::Prometheus(server) => Ok(server.process_id()),
        }
    }

    /// Adds a job per address to the settings of the running program.
    async fn add_jobs(&self, addresses: &[SocketAddr]) -> Result<()> {
        let jobs = addresses.iter().enumerate();
        match self {
            Self::Binnacle(engine) => {
                let jobs = jobs.map(|(number, address)| {
                    format!(
                        "\n[[scrape]]\nname = \"job-{number}\"\nurl = \"http://{address}/metrics\"\n\
                         interval_seconds = {INTERVAL}\ntimeout_seconds = {INTERVAL}\n"
                    )
                });
                Ok(fs::write(engine.settings_file(), format!("{LISTEN}{QUIET}{}", jobs.collect::<String>()))?)
            }
            Self::Prometheus(server) => {
                let jobs = jobs.map(|(number, address)| {
                    format!("- job_name: job-{number}\n  static_configs: [{{targets: ['{address}']}}]\n")
                });
                let settings = format!(
                    "global: {{scrape_interval: {INTERVAL}s, scrape_timeout: {INTERVAL}s}}\nscrape_configs:\n{}",
                    jobs.collect::<String>()
                );
                fs::write(server.folder().join("prometheus.yml"), settings)?;
                let reload = format!("http://{}/-/reload", server.address);
                let answer = tls::http_client().post(reload).send().await?;
                ensure!(answer.status().is_success(), "{}", answer.text().await?);
                Ok(())
            }
        }
    }
}

/// The targets, and the times of their scrapes.
struct Targets {
    addresses: Vec<SocketAddr>,
    scraped: Arc<Mutex<Vec<Vec<Instant>>>>,
}

impl Targets {
    async fn start() -> Result<Self> {
        let scraped = Arc::new(Mutex::new(vec![Vec::new(); JOBS]));
        let mut addresses = Vec::with_capacity(JOBS);
        for number in 0..JOBS {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            addresses.push(listener.local_addr()?);
            let scraped = Arc::clone(&scraped);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // A connection ends with its program.
                    tokio::spawn(serve(stream, number, Arc::clone(&scraped)));
                }
            });
        }
        Ok(Self { addresses, scraped })
    }

    fn clear(&self) {
        self.scraped.lock().iter_mut().for_each(Vec::clear);
    }

    /// Returns the times of the scrapes of each target.
    fn scraped(&self) -> Vec<Vec<Instant>> {
        self.scraped.lock().clone()
    }
}

/// Answers the requests of one connection.
async fn serve(mut stream: TcpStream, number: usize, scraped: Arc<Mutex<Vec<Vec<Instant>>>>) -> Result<()> {
    let mut request = Vec::new();
    let mut count = 0;
    loop {
        let mut bytes = [0; 2048];
        let length = stream.read(&mut bytes).await?;
        ensure!(length > 0, "the connection ended");
        request.extend_from_slice(&bytes[..length]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            scraped.lock().get_mut(number).context("no such target")?.push(Instant::now());
            count += 1;
            stream.write_all(answer(number, count).as_bytes()).await?;
        }
    }
}

fn answer(number: usize, count: usize) -> String {
    let mut body = "# TYPE requests_total counter\n".to_owned();
    for series in 0..SERIES {
        let line = format!(
            "requests_total{{handler=\"/api/v1/{series}\",code=\"200\"}} {}\n",
            count * (number + series)
        );
        body.push_str(&line);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: ";
    format!("{head}{}\r\n\r\n{body}", body.len())
}
