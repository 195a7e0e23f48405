//! The desktop program in a real window, on a desktop of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use test_support::{
    clients::{Language, client},
    display::{Desktop, PATIENCE, Place, Started, wait_until},
    engine_process, servers,
    web_driver::WebDriver,
};

/// The desktop program beside `binnacle-cli`.
fn program() -> Result<PathBuf> {
    let name = format!("binnacle{}", std::env::consts::EXE_SUFFIX);
    let program = engine_process::program()?.with_file_name(name);
    ensure!(program.exists(), "{} is not there: cargo build -p binnacle", program.display());
    Ok(program)
}

/// A data folder whose settings take free ports, so that several engines can run.
fn data_folder(desktop: &Desktop) -> Result<PathBuf> {
    let folder = desktop.scratch().join("binnacle");
    fs::create_dir(&folder)?;
    let listen = "[listen]\notlp_grpc = \"127.0.0.1:0\"\notlp_http = \"127.0.0.1:0\"\nremote_write = \"127.0.0.1:0\"\nstatsd = \"127.0.0.1:0\"\nweb = \"127.0.0.1:0\"\n";
    fs::write(folder.join("settings.toml"), listen)?;
    Ok(folder)
}

/// Starts the program as a person would; what it says goes into the file `log`.
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
    let mut status = None;
    wait_until("the program ends", || {
        status = process.try_wait()?;
        Ok(status.is_some())
    })?;
    status.context("it ended")
}

/// Keeps a picture when a step failed.
async fn seen(driver: &WebDriver, name: &str, outcome: Result<()>) -> Result<()> {
    let Err(error) = outcome else { return Ok(()) };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    let kept = driver.picture(&file).await;
    let text = driver.text().await.unwrap_or_default();
    let at = driver.run("return location.href", json!(null)).await.unwrap_or_default();
    Err(error.context(format!("{at} {text}\npicture: {} {kept:?}", file.display())))
}

async fn text_holds(driver: &WebDriver, words: &str) -> Result<()> {
    driver.see(&format!("//body[contains(normalize-space(.), {words:?})]")).await
}

fn labelled(label: &str) -> String {
    format!("//*[@aria-label='{label}'][not(@role='listbox')]")
}

/// A link or button by its words.
fn called(words: &str) -> String {
    format!("//*[self::a or self::button][normalize-space(.)='{words}']")
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
    seen(&driver, "rule", outcome).await
}

async fn click_through(desktop: &Desktop, driver: &WebDriver, depth: &Path) -> Result<()> {
    // Its own vital signs first, then what the application sends.
    driver.see(&called("Overview")).await?;
    text_holds(driver, "cores busy").await?;
    let begun = Instant::now();
    let search =
        json!({"name": "metric_catalog", "args": {"search": "queue.depth", "matchers": [], "limit": 5}});
    while driver.run("return __TAURI_INTERNALS__.invoke('command', arguments[0])", search.clone()).await?
        == json!([])
    {
        ensure!(begun.elapsed() < PATIENCE, "what the application sends does not arrive");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    driver.click(&called("Metrics")).await?;
    // The list is long and draws only what is in sight.
    driver.fill("//input[@placeholder='Find a metric']", "queue.depth").await?;
    text_holds(driver, "queue.depth").await?;

    driver.click(&called("Alerts")).await?;
    driver.click(&called("Rules")).await?;
    driver.click(&called("New alert rule")).await?;
    driver.fill(&labelled("Metric"), "queue.depth").await?;
    driver.click("//*[@role='option'][contains(., 'queue.depth')]").await?;
    driver.see(&format!("{}[@title='queue.depth']", labelled("Metric"))).await?;
    driver.click(&labelled("Aggregation")).await?;
    driver.click("//*[@role='option'][normalize-space(.)='last']").await?;
    driver.fill(&labelled("Window"), "10 s").await?;
    driver.click(&labelled("Comparison")).await?;
    driver.click("//*[@role='option'][normalize-space(.)='above']").await?;
    driver.fill(&labelled("Threshold"), "100").await?;
    driver.fill(&labelled("For"), "2 s").await?;
    driver.fill(&labelled("Interval"), "1 s").await?;
    driver.click("//label[contains(., 'Name')]//input").await?;
    driver.fill("//label[contains(., 'Name')]//input", "Orders wait").await?;
    driver.click("//button[starts-with(normalize-space(.), 'Save')]").await?;

    // Saving leads to the list of rules.
    driver.see(&called("duplicate")).await?;
    text_holds(driver, "the last value of queue.depth, over 10 s, is above 100").await?;
    driver.click("//a[starts-with(normalize-space(.), 'Firing')]").await?;
    text_holds(driver, "No alerts firing").await?;
    ensure!(desktop.displayed_notifications()? == 0, "told before anything happened");

    fs::write(depth, "250")?;
    driver.see("//article[contains(@class, 'firing')][contains(., 'Orders wait')]").await?;
    wait_until("a notification is shown", || Ok(desktop.displayed_notifications()? == 1))?;
    let (title, body) = desktop.notifications()?.into_iter().next().context("no notification")?;
    ensure!(title.starts_with("Orders wait"), "{title}");
    ensure!(body.contains("250") && body.contains("above 100"), "{body}");

    fs::write(depth, "3")?;
    text_holds(driver, "No alerts firing").await?;
    wait_until("the end is told", || Ok(desktop.displayed_notifications()? == 1))?;
    let (title, _) = desktop.notifications()?.into_iter().next().context("no notification")?;
    ensure!(title.starts_with("Resolved: Orders wait"), "{title}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_keeps_to_its_security_policy_and_goes_on_after_a_reload() -> Result<()> {
    let desktop = Desktop::start(900, 600)?;
    let data = data_folder(&desktop)?;
    let driver = WebDriver::open(&desktop, &program()?, &["--data", &data.to_string_lossy()]).await?;
    let outcome = look_around(&driver).await;
    seen(&driver, "look-around", outcome).await
}

async fn look_around(driver: &WebDriver) -> Result<()> {
    text_holds(driver, "cores busy").await?;
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
        driver.click(&called(view)).await?;
        driver.see(&format!("//h1[normalize-space(.)='{view}']")).await?;
        if view == "Reports" {
            driver.see("//iframe[contains(@srcdoc, '<html')]").await?;
        }
    }
    // A chart moves only when the subscription of the page after the reload is fed.
    text_holds(driver, "cores busy").await?;
    let begun = Instant::now();
    let before = driver.text().await?;
    while driver.text().await? == before {
        ensure!(begun.elapsed() < PATIENCE, "nothing moves after the reload: {before}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let fonts = driver
        .run("return document.fonts.ready.then((fonts) => [...fonts].filter((f) => f.status === 'loaded').length)", json!(null))
        .await?;
    ensure!(fonts.as_u64().is_some_and(|loaded| loaded > 0), "no font was loaded: {fonts}");
    let refused = driver.run("return refused", json!(null)).await?;
    ensure!(refused == json!([]), "the page did what it may not: {refused}");
    Ok(())
}

#[test]
fn closing_keeps_watching_a_second_start_shows_the_window_and_the_tray_quits() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let data = data_folder(&desktop)?;
    let mut first = Started(start(&desktop, &data, "first.log")?);
    wait_until("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until("the menu is in the tray", || Ok(!desktop.tray().menu()?.is_empty()))?;
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
    wait_until("the window is hidden", || Ok(!desktop.shows_window("Binnacle")?))?;
    ensure!(first.0.try_wait()?.is_none(), "closing the window ended the program");
    let mut second = Started(start(&desktop, &data, "second.log")?);
    ensure!(wait_for_end(&mut second.0)?.success());
    wait_until("the window is shown again", || desktop.shows_window("Binnacle"))?;

    desktop.close_window("Binnacle")?;
    wait_until("the window is hidden again", || Ok(!desktop.shows_window("Binnacle")?))?;
    desktop.tray().choose("Open Binnacle")?;
    wait_until("the window is shown from the tray", || desktop.shows_window("Binnacle"))?;
    ensure!(data.join("engine.json").exists());
    desktop.tray().choose("Quit (stops monitoring)")?;
    ensure!(wait_for_end(&mut first.0)?.success());
    ensure!(!data.join("engine.json").exists(), "the engine was not stopped");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_saved_where_the_person_says() -> Result<()> {
    let desktop = Desktop::start(1600, 1000)?;
    let data = data_folder(&desktop)?;
    let driver = WebDriver::open(&desktop, &program()?, &["--data", &data.to_string_lossy()]).await?;
    let outcome = save_through_the_dialog(&desktop, &driver).await;
    seen(&driver, "save", outcome).await
}

async fn save_through_the_dialog(desktop: &Desktop, driver: &WebDriver) -> Result<()> {
    let dialog = "Save File";
    driver.click(&called("Reports")).await?;
    driver.see("//iframe[contains(@srcdoc, '<html')]").await?;

    driver.click(&called("Page (HTML)")).await?;
    wait_until("the dialog is shown", || desktop.shows_window(dialog))?;
    desktop.close_window(dialog)?;
    wait_until("the dialog is gone", || Ok(!desktop.shows_window(dialog)?))?;
    driver.see("//button[normalize-space(.)='Page (HTML)'][not(@disabled)]").await?;
    ensure!(!driver.text().await?.contains("Saved"), "a report that nobody wanted is said to be saved");

    for (button, name, start) in
        [("Page (HTML)", "page.html", &b"<!doctype html>"[..]), ("Data (Parquet)", "data.parquet", b"PAR1")]
    {
        let file = desktop.scratch().join(name);
        driver.click(&called(button)).await?;
        wait_until("the dialog is shown", || desktop.shows_window(dialog))?;
        // It selects the suggested name but for its ending, once it has the focus; what is typed takes its place.
        wait_until("the file is there", || {
            if desktop.shows_window(dialog)? {
                desktop.type_into(dialog, &format!("{}\n", file.with_extension("").display()))?;
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
            Ok(file.exists())
        })?;
        text_holds(driver, &format!("Saved {}", file.display())).await?;
        let written = fs::read(&file)?;
        ensure!(
            written.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()),
            "{name} begins otherwise"
        );
    }
    Ok(())
}

#[test]
fn the_window_opens_again_where_it_was() -> Result<()> {
    let desktop = Desktop::start(1600, 1000)?;
    let data = data_folder(&desktop)?;
    let place = Place { x: 140, y: 60, width: 1010, height: 715 };
    let mut program = Started(start(&desktop, &data, "first.log")?);
    wait_until("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until("the menu is in the tray", || Ok(!desktop.tray().menu()?.is_empty()))?;
    desktop.place_window("Binnacle", place)?;
    wait_until("the window is there", || Ok(desktop.window_place("Binnacle")? == place))?;
    // The program hears of its new place a moment later.
    std::thread::sleep(std::time::Duration::from_secs(1));
    desktop.tray().choose("Quit (stops monitoring)")?;
    ensure!(wait_for_end(&mut program.0)?.success());

    let _program = Started(start(&desktop, &data, "second.log")?);
    wait_until("the window is shown again", || desktop.shows_window("Binnacle"))?;
    wait_until("the window is where it was", || Ok(desktop.window_place("Binnacle")? == place))
}

#[test]
fn signals_stop_the_engine_cleanly() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let data = data_folder(&desktop)?;
    for name in ["-TERM", "-INT"] {
        let mut program = Started(start(&desktop, &data, "program.log")?);
        wait_until("the window is shown", || desktop.shows_window("Binnacle"))?;
        signal(&program.0, name)?;
        let status = wait_for_end(&mut program.0)?;
        ensure!(status.success(), "{name}: {status}");
        ensure!(!data.join("engine.json").exists() && !data.join("binnacle.duckdb.wal").exists(), "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_attaches_to_an_engine_that_runs_already_and_leaves_it_running() -> Result<()> {
    let desktop = Desktop::start(1280, 800)?;
    let mut engine = engine_process::EngineProcess::start().await?;
    let note = fs::read_to_string(engine.data().join("engine.json"))?;
    let mut window = Started(start(&desktop, &engine.data(), "window.log")?);
    wait_until("the window is shown", || desktop.shows_window("Binnacle"))?;
    wait_until("the menu says whose the engine is", || {
        Ok(desktop.tray().menu()?.contains_key("Quit (the engine keeps running)"))
    })?;
    ensure!(fs::read_to_string(engine.data().join("engine.json"))? == note, "another engine took the folder");
    // Through the attached backend to the engine.
    desktop.tray().choose("Pause collection")?;
    let begun = Instant::now();
    while !engine.status().await?.paused {
        ensure!(begun.elapsed() < PATIENCE, "the tray does not reach the engine");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // The engine that takes the folder next is found too.
    engine.start_again().await?;
    ensure!(!engine.status().await?.paused);
    wait_until("the menu follows the next engine", || {
        desktop.tray().choose("Pause collection")?;
        Ok(true)
    })?;
    let begun = Instant::now();
    while !engine.status().await?.paused {
        ensure!(begun.elapsed() < PATIENCE, "the tray does not reach the next engine");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    signal(&window.0, "-TERM")?;
    ensure!(wait_for_end(&mut window.0)?.success());
    engine.status().await.context("the engine went with the window")?;
    Ok(())
}

#[test]
fn a_start_that_fails_says_why_and_ends_with_one() -> Result<()> {
    let desktop = Desktop::start(800, 600)?;
    let data = data_folder(&desktop)?;
    let database = data.join("binnacle.duckdb");
    fs::write(&database, [7; 20_000])?;
    let mut program = Started(start(&desktop, &data, "damaged.log")?);
    let log = desktop.scratch().join("damaged.log");
    wait_until("the terminal is told", || Ok(fs::read_to_string(&log)?.contains("is damaged")))?;
    ensure!(!desktop.shows_window("Binnacle")?, "an empty console is shown");
    // The dialog waits for a person.
    ensure!(program.0.try_wait()?.is_none(), "nobody had the time to read it");
    signal(&program.0, "-TERM")?;
    ensure!(wait_for_end(&mut program.0)?.code() == Some(1));
    ensure!(fs::read(&database)? == [7; 20_000], "the damaged file was touched");
    Ok(())
}

#[test]
fn without_a_display_it_answers_what_needs_none_and_refuses_the_rest() -> Result<()> {
    for (words, code, told) in [
        (&["--help"][..], 0, "Usage: binnacle"),
        (&["--version"], 0, concat!("binnacle ", env!("CARGO_PKG_VERSION"))),
        (&["--nonsense"], 2, "unexpected argument"),
        (&["--data", "/nonexistent/binnacle"], 1, "no display to open a window on"),
    ] {
        let mut command = std::process::Command::new(program()?);
        command.args(words).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        let output = command.output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if output.status.code() != Some(code) || !text.contains(told) {
            bail!("{words:?}: {} {text}", output.status);
        }
    }
    Ok(())
}
