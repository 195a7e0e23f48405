//! The desktop program in a real window, on an isolated desktop.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use runtime::Clock;
use serde_json::json;
use test_support::{
    clients::{Language, client},
    display::{Desktop, Geometry, Started},
    engine_process, servers,
    wait::{wait_for_blocking, wait_until, wait_until_blocking},
    web_driver::WebDriver,
};

/// Time after which text is typed into a dialog again that ignored it.
const RETYPE_INTERVAL: Duration = Duration::from_secs(1);

/// Returns the path of the desktop program beside `binnacle-cli`.
fn program() -> Result<PathBuf> {
    let name = format!("binnacle{}", std::env::consts::EXE_SUFFIX);
    let program = engine_process::program()?.with_file_name(name);
    ensure!(program.exists(), "{} does not exist: cargo build -p binnacle", program.display());
    Ok(program)
}

/// Creates a data folder whose settings use free ports, so that several engines can run.
fn data_folder(desktop: &Desktop) -> Result<PathBuf> {
    let folder = desktop.scratch().join("binnacle");
    fs::create_dir(&folder)?;
    let listen = "[listen]\notlp_grpc = \"127.0.0.1:0\"\notlp_http = \"127.0.0.1:0\"\nremote_write = \"127.0.0.1:0\"\nstatsd = \"127.0.0.1:0\"\nweb = \"127.0.0.1:0\"\n";
    fs::write(folder.join("settings.toml"), listen)?;
    Ok(folder)
}

/// Starts the program as a user does, with its output in the file `log`.
fn start(desktop: &Desktop, data: &Path, log: &str) -> Result<Child> {
    let log = fs::File::create(desktop.scratch().join(log))?;
    let mut command = desktop.command(program()?);
    Ok(command.arg("--data").arg(data).stdout(log.try_clone()?).stderr(log).spawn()?)
}

fn signal(process: &Child, name: &str) -> Result<()> {
    let sent = std::process::Command::new("kill").args([name, &process.id().to_string()]).status()?;
    ensure!(sent.success(), "kill {name}");
    Ok(())
}

fn wait_for_end(process: &mut Child) -> Result<ExitStatus> {
    wait_for_blocking("the program ends", || Ok(process.try_wait()?))
}

/// Saves a screenshot if `outcome` is an error, and adds its path and the page's text to the error.
async fn with_screenshot(driver: &WebDriver, name: &str, outcome: Result<()>) -> Result<()> {
    let Err(error) = outcome else { return Ok(()) };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    let saved = driver.screenshot(&file).await;
    let text = driver.text().await.unwrap_or_default();
    let address = driver.run("return location.href", json!(null)).await.unwrap_or_default();
    Err(error.context(format!("{address} {text}\nscreenshot: {} {saved:?}", file.display())))
}

async fn wait_for_text(driver: &WebDriver, text: &str) -> Result<()> {
    driver.wait_for_element(&format!("//body[contains(normalize-space(.), {text:?})]")).await
}

fn by_aria_label(label: &str) -> String {
    format!("//*[@aria-label='{label}'][not(@role='listbox')]")
}

/// Returns the XPath of a link or button with this text.
fn by_text(text: &str) -> String {
    format!("//*[self::a or self::button][normalize-space(.)='{text}']")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_made_by_clicking_notifies_when_it_fires_and_when_it_resolves() -> Result<()> {
    let desktop = Arc::new(Desktop::start(1600, 1000)?);
    let data = data_folder(&desktop)?;
    let port = servers::free_port()?;
    let address = format!("127.0.0.1:{port}");
    let arguments = ["--data", &data.to_string_lossy(), "--otlp-grpc", &address];
    let driver = WebDriver::open(&desktop, &program()?, &arguments).await?;

    let depth = desktop.scratch().join("depth");
    fs::write(&depth, "3")?;
    let command = tokio::task::spawn_blocking(|| client(Language::Python, "switched.py")).await??;
    let mut command = command;
    let errors = fs::File::create(desktop.scratch().join("client.log"))?;
    command.arg(format!("http://{address}")).arg(&depth).stderr(errors);
    let _client = Started(command.spawn()?);

    let outcome = click_through(&desktop, &driver, &depth).await;
    with_screenshot(&driver, "rule", outcome).await
}

async fn click_through(desktop: &Desktop, driver: &WebDriver, depth: &Path) -> Result<()> {
    // Host metrics first, then those of the application.
    driver.wait_for_element(&by_text("Overview")).await?;
    wait_for_text(driver, "cores busy").await?;
    let search = json!({"id": u32::MAX, "name": "metric_catalog", "args": {"search": "queue.depth", "matchers": [], "limit": 5}});
    wait_until("the metric of the application arrives", async || {
        let found =
            driver.run("return __TAURI_INTERNALS__.invoke('command', arguments[0])", search.clone()).await?;
        Ok(found != json!([]))
    })
    .await?;
    driver.click(&by_text("Metrics")).await?;
    // The list is long and renders only its visible rows.
    driver.fill("//input[@placeholder='Find a metric']", "queue.depth").await?;
    wait_for_text(driver, "queue.depth").await?;

    driver.click(&by_text("Alerts")).await?;
    driver.click(&by_text("Rules")).await?;
    driver.click(&by_text("New alert rule")).await?;
    driver.fill(&by_aria_label("Metric"), "queue.depth").await?;
    driver.click("//*[@role='option'][contains(., 'queue.depth')]").await?;
    driver.wait_for_value(&by_aria_label("Metric"), "queue.depth").await?;
    driver.click(&by_aria_label("Aggregation")).await?;
    driver.click("//*[@role='option'][normalize-space(.)='last']").await?;
    driver.fill(&by_aria_label("Window"), "10 s").await?;
    driver.click(&by_aria_label("Comparison")).await?;
    driver.click("//*[@role='option'][normalize-space(.)='above']").await?;
    driver.fill(&by_aria_label("Threshold"), "100").await?;
    driver.fill(&by_aria_label("For"), "2 s").await?;
    driver.fill(&by_aria_label("Interval"), "1 s").await?;
    driver.click("//label[contains(., 'Name')]//input").await?;
    driver.fill("//label[contains(., 'Name')]//input", "Orders wait").await?;
    driver.click("//button[starts-with(normalize-space(.), 'Save')]").await?;

    // Saving leads to the list of rules.
    driver.wait_for_element(&by_text("duplicate")).await?;
    wait_for_text(driver, "the last value of queue.depth, over 10 s, is above 100").await?;
    driver.click("//a[starts-with(normalize-space(.), 'Firing')]").await?;
    wait_for_text(driver, "No alerts firing").await?;
    ensure!(desktop.displayed_notifications()? == 0, "notified before the rule fired");

    fs::write(depth, "250")?;
    driver.wait_for_element("//article[contains(@class, 'firing')][contains(., 'Orders wait')]").await?;
    wait_until_blocking("a notification is shown", || Ok(desktop.displayed_notifications()? == 1))?;
    let (title, body) = desktop.notifications()?.into_iter().next().context("no notification")?;
    ensure!(title.starts_with("Orders wait"), "{title}");
    ensure!(body.contains("250") && body.contains("threshold 100"), "{body}");

    fs::write(depth, "3")?;
    wait_for_text(driver, "No alerts firing").await?;
    wait_until_blocking("the resolution is shown", || Ok(desktop.displayed_notifications()? == 1))?;
    let (title, _) = desktop.notifications()?.into_iter().next().context("no notification")?;
    ensure!(title.starts_with("Resolved: Orders wait"), "{title}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_follows_its_security_policy_and_works_after_a_reload() -> Result<()> {
    let desktop = Desktop::start(900, 600)?;
    let data = data_folder(&desktop)?;
    let driver = WebDriver::open(&desktop, &program()?, &["--data", &data.to_string_lossy()]).await?;
    let outcome = visit_every_view(&driver).await;
    with_screenshot(&driver, "every-view", outcome).await
}

async fn visit_every_view(driver: &WebDriver) -> Result<()> {
    wait_for_text(driver, "cores busy").await?;
    driver.reload().await?;
    driver
        .run(
            "window.refused = [];
             addEventListener('securitypolicyviolation', (event) =>
               refused.push(`${event.violatedDirective} ${event.blockedURI}`));
             addEventListener('error', (event) => refused.push(String(event.message)));
             addEventListener('unhandledrejection', (event) => refused.push(String(event.reason?.message)));",
            json!(null),
        )
        .await?;
    for view in [
        "Services", "Metrics", "Logs", "Traces", "Health", "Alerts", "Analysis", "Reports", "Settings",
        "Overview",
    ] {
        driver.click(&by_text(view)).await?;
        driver.wait_for_element(&format!("//h1[normalize-space(.)='{view}']")).await?;
        if view == "Reports" {
            driver.wait_for_element("//iframe[contains(@srcdoc, '<html')]").await?;
        }
    }
    // A chart moves only if the reloaded page gets updates.
    wait_for_text(driver, "cores busy").await?;
    let before = driver.text().await?;
    wait_until("the page changes after the reload", async || Ok(driver.text().await? != before)).await?;
    let fonts = driver
        .run("return document.fonts.ready.then((fonts) => [...fonts].filter((f) => f.status === 'loaded').length)", json!(null))
        .await?;
    ensure!(fonts.as_u64().is_some_and(|loaded| loaded > 0), "no font was loaded: {fonts}");
    let refused = driver.run("return refused", json!(null)).await?;
    ensure!(refused == json!([]), "the page violated its policy: {refused}");
    Ok(())
}

#[test]
fn closing_continues_monitoring_a_second_start_shows_the_window_and_the_tray_quits() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let data = data_folder(&desktop)?;
    let mut first = Started(start(&desktop, &data, "first.log")?);
    wait_until_blocking("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until_blocking("the menu is in the tray", || Ok(!desktop.tray().menu()?.is_empty()))?;
    let menu = desktop.tray().menu()?;
    for entry in [
        "Open Binnacle",
        "No alerts firing",
        "Mute notifications",
        "For 1 hour",
        "Pause collection",
        "Start at login",
        "Quit (stops monitoring)",
    ] {
        ensure!(menu.contains_key(entry), "no {entry:?} in {menu:?}");
    }

    desktop.close_window("Binnacle")?;
    wait_until_blocking("the window is hidden", || Ok(!desktop.shows_window("Binnacle")?))?;
    ensure!(first.0.try_wait()?.is_none(), "closing the window ended the program");
    let mut second = Started(start(&desktop, &data, "second.log")?);
    ensure!(wait_for_end(&mut second.0)?.success());
    wait_until_blocking("the window is shown again", || desktop.shows_window("Binnacle"))?;

    desktop.close_window("Binnacle")?;
    wait_until_blocking("the window is hidden again", || Ok(!desktop.shows_window("Binnacle")?))?;
    desktop.tray().choose("Open Binnacle")?;
    wait_until_blocking("the window is shown from the tray", || desktop.shows_window("Binnacle"))?;
    ensure!(data.join("engine.json").exists());
    desktop.tray().choose("Quit (stops monitoring)")?;
    ensure!(wait_for_end(&mut first.0)?.success());
    ensure!(!data.join("engine.json").exists(), "the engine was not stopped");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_saved_at_the_chosen_path() -> Result<()> {
    let desktop = Desktop::start(1600, 1000)?;
    let data = data_folder(&desktop)?;
    let driver = WebDriver::open(&desktop, &program()?, &["--data", &data.to_string_lossy()]).await?;
    let outcome = save_through_the_dialog(&desktop, &driver).await;
    with_screenshot(&driver, "save", outcome).await
}

async fn save_through_the_dialog(desktop: &Desktop, driver: &WebDriver) -> Result<()> {
    let dialog = "Save File";
    driver.click(&by_text("Reports")).await?;
    driver.wait_for_element("//iframe[contains(@srcdoc, '<html')]").await?;

    driver.click(&by_text("Page (HTML)")).await?;
    wait_until_blocking("the dialog is shown", || desktop.shows_window(dialog))?;
    desktop.close_window(dialog)?;
    wait_until_blocking("the dialog is gone", || Ok(!desktop.shows_window(dialog)?))?;
    driver.wait_for_element("//button[normalize-space(.)='Page (HTML)'][not(@disabled)]").await?;
    ensure!(!driver.text().await?.contains("Saved"), "a cancelled report is shown as saved");

    for (button, name, start) in
        [("Page (HTML)", "page.html", &b"<!doctype html>"[..]), ("Data (Parquet)", "rows.parquet", b"PAR1")]
    {
        let file = desktop.scratch().join(name);
        driver.click(&by_text(button)).await?;
        wait_until_blocking("the dialog is shown", || desktop.shows_window(dialog))?;
        // With the focus, the dialog selects the stem of the suggested name, which typing replaces.
        let clock = Clock::system();
        let mut typed: Option<Instant> = None;
        wait_until_blocking("the file exists", || {
            let is_due = typed.is_none_or(|typed| clock.instant() - typed >= RETYPE_INTERVAL);
            if is_due && desktop.shows_window(dialog)? {
                desktop.type_into(dialog, &format!("{}\n", file.with_extension("").display()))?;
                typed = Some(clock.instant());
            }
            Ok(file.exists())
        })?;
        wait_for_text(driver, &format!("Saved {}", file.display())).await?;
        let written = fs::read(&file)?;
        ensure!(
            written.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()),
            "{name} has an unexpected beginning"
        );
    }
    Ok(())
}

#[test]
fn the_window_opens_again_at_its_position() -> Result<()> {
    let desktop = Desktop::start(1600, 1000)?;
    let data = data_folder(&desktop)?;
    let geometry = Geometry { x: 140, y: 60, width: 1010, height: 715 };
    let mut program = Started(start(&desktop, &data, "first.log")?);
    wait_until_blocking("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until_blocking("the menu is in the tray", || Ok(!desktop.tray().menu()?.is_empty()))?;
    desktop.move_window("Binnacle", geometry)?;
    wait_until_blocking("the window is moved", || Ok(desktop.window_geometry("Binnacle")? == geometry))?;
    // The program gets the new position later, which nothing outside shows.
    std::thread::sleep(Duration::from_secs(1));
    desktop.tray().choose("Quit (stops monitoring)")?;
    ensure!(wait_for_end(&mut program.0)?.success());

    let _program = Started(start(&desktop, &data, "second.log")?);
    wait_until_blocking("the window is shown again", || desktop.shows_window("Binnacle"))?;
    wait_until_blocking("the window is at its position", || {
        Ok(desktop.window_geometry("Binnacle")? == geometry)
    })
}

#[test]
fn signals_stop_the_engine_cleanly() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let data = data_folder(&desktop)?;
    for name in ["-TERM", "-INT"] {
        let mut program = Started(start(&desktop, &data, "program.log")?);
        wait_until_blocking("the window is shown", || desktop.shows_window("Binnacle"))?;
        signal(&program.0, name)?;
        let status = wait_for_end(&mut program.0)?;
        ensure!(status.success(), "{name}: {status}");
        ensure!(!data.join("engine.json").exists() && !data.join("binnacle.duckdb.wal").exists(), "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_attaches_to_a_running_engine_and_leaves_it_running() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let mut engine = engine_process::EngineProcess::start().await?;
    let note = fs::read_to_string(engine.data().join("engine.json"))?;
    let mut window = Started(start(&desktop, &engine.data(), "window.log")?);
    wait_until_blocking("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until_blocking("the menu is the one of an attached engine", || {
        Ok(desktop.tray().menu()?.contains_key("Quit (the engine keeps running)"))
    })?;
    ensure!(fs::read_to_string(engine.data().join("engine.json"))? == note, "another engine took the folder");
    // Through the attached backend to the engine.
    desktop.tray().choose("Pause collection")?;
    wait_until("the engine is paused", async || Ok(engine.status().await?.paused)).await?;
    // The next engine on the folder is found too.
    engine.start_again().await?;
    ensure!(!engine.status().await?.paused);
    wait_until_blocking("the menu follows the next engine", || {
        desktop.tray().choose("Pause collection")?;
        Ok(true)
    })?;
    wait_until("the next engine is paused", async || Ok(engine.status().await?.paused)).await?;
    signal(&window.0, "-TERM")?;
    ensure!(wait_for_end(&mut window.0)?.success());
    engine.status().await.context("the engine ended with the window")?;
    Ok(())
}

#[test]
fn a_start_that_fails_reports_the_cause_and_exits_with_one() -> Result<()> {
    let desktop = Desktop::start(800, 600)?;
    let data = data_folder(&desktop)?;
    let database = data.join("binnacle.duckdb");
    fs::write(&database, [7; 20_000])?;
    let mut program = Started(start(&desktop, &data, "damaged.log")?);
    let log = desktop.scratch().join("damaged.log");
    wait_until_blocking("the terminal shows the cause", || {
        Ok(fs::read_to_string(&log)?.contains("is damaged"))
    })?;
    ensure!(!desktop.shows_window("Binnacle")?, "an empty console is shown");
    // The dialog waits for the user.
    ensure!(program.0.try_wait()?.is_none(), "the program did not wait for the user");
    signal(&program.0, "-TERM")?;
    ensure!(wait_for_end(&mut program.0)?.code() == Some(1));
    ensure!(fs::read(&database)? == [7; 20_000], "the damaged file was touched");
    Ok(())
}

#[test]
fn without_a_display_it_answers_what_needs_none_and_refuses_the_rest() -> Result<()> {
    for (arguments, code, expected) in [
        (&["--help"][..], 0, "Usage: binnacle"),
        (&["--version"], 0, concat!("binnacle ", env!("CARGO_PKG_VERSION"))),
        (&["--nonsense"], 2, "unexpected argument"),
        (&["--data", "/nonexistent/binnacle"], 1, "no display to open a window on"),
    ] {
        let mut command = std::process::Command::new(program()?);
        command.args(arguments).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        let output = command.output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if output.status.code() != Some(code) || !text.contains(expected) {
            bail!("{arguments:?}: {} {text}", output.status);
        }
    }
    Ok(())
}
