//! Opening the console in a browser, with a link that works once.

use std::{
    env,
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use runtime::replace_private_file;
use tokio::process::Command;
use web::RemoteBackend;

use crate::{arguments::OpenArgs, output::line};

/// The page in the data folder that leads the browser to the link.
const PAGE: &str = "open.html";
/// Time in which a program that cannot open the browser fails.
const FAILURE_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens the console, or prints its link.
pub(crate) async fn run(data: &Path, arguments: &OpenArgs) -> anyhow::Result<ExitCode> {
    let running = engine::running_engine(data).with_context(|| {
        format!("no engine runs on {}; start it with `binnacle-cli serve`", data.display())
    })?;
    let engine = RemoteBackend::new(&running.socket);
    if arguments.print || !has_display() {
        line(&engine.link().await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    match engine.announce_visit().await {
        Ok(Some(address)) => show(address.as_ref()).await?,
        // An engine of an earlier version, or a system that does not report users of connections.
        Ok(None) | Err(_) => show(write_page(data, &engine.link().await?)?.as_os_str()).await?,
    }
    line(&format!("opening {} in the browser", running.address))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a page that leads to the link. Arguments of programs are readable by every user of the
/// machine, so the browser is given this private file instead of the link.
fn write_page(data: &Path, link: &str) -> anyhow::Result<PathBuf> {
    let page = std::path::absolute(data)?.join(PAGE);
    replace_private_file(&page, redirect(link).as_bytes())
        .with_context(|| format!("cannot write {}", page.display()))?;
    Ok(page)
}

fn redirect(link: &str) -> String {
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<title>Binnacle</title>\n\
         <a href=\"{link}\">Open Binnacle</a>\n"
    )
}

/// Shows a page or an address in the default browser.
async fn show(page: &OsStr) -> anyhow::Result<()> {
    let (program, arguments): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let hint = "; `binnacle-cli open --print` prints the link";
    let mut opening = command.spawn().with_context(|| format!("cannot start {program}{hint}"))?;
    // Some of these programs end with the browser.
    let ended = tokio::time::timeout(FAILURE_TIMEOUT, opening.wait()).await;
    if let Ok(status) = ended
        && !status?.success()
    {
        bail!("{program} cannot open a browser{hint}");
    }
    Ok(())
}

fn has_display() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// The command line that opens the console of the engine on a data folder.
pub(crate) struct Hint<'a>(pub(crate) Option<&'a PathBuf>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = env::args().next().unwrap_or_else(|| "binnacle-cli".to_owned());
        write!(formatter, "{program} open")?;
        match self.0 {
            Some(folder) => write!(formatter, " --data {}", folder.display()),
            None => Ok(()),
        }
    }
}
