//! How soon the window of the desktop program has something to show, seen as pixels on a display without a screen.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use test_support::{
    display::{Desktop, Started, wait_until},
    engine_process::{PATIENCE, program},
};

/// The colour of a chart's first line in the light look, which a display without a theme gets: blue, green, red.
const LINE: [u8; 3] = [0xb8, 0x74, 0x26];
/// How far a pixel may be from that colour in each part: lines are drawn smoothly.
const NEAR: u8 = 24;
/// Pixels of lines that are a chart and not a mark of that colour.
const CHART: usize = 40;
const GLANCE: Duration = Duration::from_millis(15);

/// How long after the start of the process something was seen.
pub(crate) struct WindowStart {
    /// The window.
    pub(crate) shown: Duration,
    /// Something in it: not one colour from edge to edge.
    pub(crate) drawn: Duration,
    /// A chart with a line.
    pub(crate) chart: Duration,
    /// That line in another place than at first.
    pub(crate) moving: Duration,
}

/// Starts the desktop program beside `binnacle-cli` on `data` and looks at its window.
pub(crate) fn start(desktop: &Desktop, data: &Path) -> Result<WindowStart> {
    let binary = program()?.with_file_name(format!("binnacle{}", std::env::consts::EXE_SUFFIX));
    let mut command: Command = desktop.command(binary);
    command.arg("--data").arg(data);
    let log = fs::File::create(desktop.scratch().join("window.log"))?;
    command.stdout(log.try_clone()?).stderr(log);
    let begun = Instant::now();
    let mut process = Started(command.spawn().context("the desktop program")?);
    let mut seen = Seen::default();
    while seen.moving.is_none() {
        if let Some(pixels) = desktop.pixels("Binnacle").unwrap_or_default() {
            seen.look(&pixels, begun.elapsed());
        }
        ensure!(begun.elapsed() < PATIENCE, "no moving chart; seen until then: {seen:?}");
        std::thread::sleep(GLANCE);
    }
    let ended = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status()?;
    ensure!(ended.success(), "kill");
    wait_until("the program ends", || Ok(process.0.try_wait()?.is_some()))?;
    let [shown, drawn, chart, moving] =
        [seen.shown, seen.drawn, seen.chart, seen.moving].map(Option::unwrap_or_default);
    Ok(WindowStart { shown, drawn, chart, moving })
}

#[derive(Debug, Default)]
struct Seen {
    shown: Option<Duration>,
    drawn: Option<Duration>,
    chart: Option<Duration>,
    moving: Option<Duration>,
    line: Vec<usize>,
}

impl Seen {
    fn look(&mut self, pixels: &[[u8; 4]], now: Duration) {
        self.shown.get_or_insert(now);
        if pixels.windows(2).any(|pair| pair[0] != pair[1]) {
            self.drawn.get_or_insert(now);
        }
        let line: Vec<usize> = (0..pixels.len()).filter(|index| is_line(pixels[*index])).collect();
        if line.len() < CHART {
            return;
        }
        if self.chart.is_none() {
            self.chart = Some(now);
            self.line = line;
        } else if line != self.line {
            self.moving.get_or_insert(now);
        }
    }
}

fn is_line(pixel: [u8; 4]) -> bool {
    pixel.iter().zip(LINE).all(|(part, wanted)| part.abs_diff(wanted) <= NEAR)
}
