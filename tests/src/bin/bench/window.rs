//! The time until the window of the desktop program shows data, measured on the pixels of a virtual
//! display.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use test_support::{
    display::{Desktop, Started},
    engine_process::program,
    wait::{wait_for_blocking_every, wait_until_blocking},
};

/// The colour of a chart's first line in the light theme, the default of a bare display: blue,
/// green, red.
const LINE: [u8; 3] = [0xb8, 0x74, 0x26];
/// Maximum distance of a pixel from that colour in each channel, because lines are antialiased.
const TOLERANCE: u8 = 24;
/// Minimum pixels of that colour that count as a chart.
const CHART: usize = 40;
/// Time between two screenshots, short because it is the precision of the results.
const POLL_INTERVAL: Duration = Duration::from_millis(15);

/// Times after the start of the process.
pub(crate) struct WindowStart {
    /// The window.
    pub(crate) shown: Duration,
    /// Content in it: more than one colour.
    pub(crate) drawn: Duration,
    /// A chart with a line.
    pub(crate) chart: Duration,
    /// The same line at other pixels than at first.
    pub(crate) moving: Duration,
}

/// Starts the desktop program beside `binnacle-cli` on `data` and watches its window.
pub(crate) fn start(desktop: &Desktop, data: &Path) -> Result<WindowStart> {
    let binary = program()?.with_file_name(format!("binnacle{}", std::env::consts::EXE_SUFFIX));
    let mut command: Command = desktop.command(binary);
    command.arg("--data").arg(data);
    let log = fs::File::create(desktop.scratch().join("window.log"))?;
    command.stdout(log.try_clone()?).stderr(log);
    let begun = Instant::now();
    let mut process = Started(command.spawn().context("the desktop program")?);
    let mut observed = Observed::default();
    let drawn = wait_for_blocking_every(POLL_INTERVAL, "a chart moves", || {
        if let Some(pixels) = desktop.pixels("Binnacle").unwrap_or_default() {
            observed.update(&pixels, begun.elapsed());
        }
        Ok(observed.moving)
    });
    drawn.with_context(|| format!("observed so far: {observed:?}"))?;
    let ended = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status()?;
    ensure!(ended.success(), "kill");
    wait_until_blocking("the program ends", || Ok(process.0.try_wait()?.is_some()))?;
    let [shown, drawn, chart, moving] =
        [observed.shown, observed.drawn, observed.chart, observed.moving].map(Option::unwrap_or_default);
    Ok(WindowStart { shown, drawn, chart, moving })
}

#[derive(Debug, Default)]
struct Observed {
    shown: Option<Duration>,
    drawn: Option<Duration>,
    chart: Option<Duration>,
    moving: Option<Duration>,
    line: Vec<usize>,
}

impl Observed {
    fn update(&mut self, pixels: &[[u8; 4]], now: Duration) {
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
    pixel.iter().zip(LINE).all(|(channel, wanted)| channel.abs_diff(wanted) <= TOLERANCE)
}
