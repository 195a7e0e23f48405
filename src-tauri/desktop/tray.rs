//! The tray icon: the worst state and a count, and a menu for what is wanted in a hurry.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use model::{Alert, AlertState, CheckCounts, EngineStatus};
use serde_json::{Value, json};
use tauri::{
    AppHandle, Manager as _,
    menu::{CheckMenuItemBuilder, Menu, MenuBuilder, MenuEvent, MenuItemBuilder, SubmenuBuilder},
    tray::{TrayIcon, TrayIconBuilder},
};
use tauri_plugin_autostart::ManagerExt as _;

use crate::{source::Source, tray_icon, window};

/// Firing alerts in the menu at most.
const MOST_ALERTS: usize = 10;

/// There is a tray, so the window may be closed.
pub(crate) struct InTray;

/// What the menu shows; it is made anew only when this changes.
#[derive(Debug, Clone, PartialEq, Default)]
struct Shown {
    firing: Vec<(String, String)>,
    pending: u32,
    checks: CheckCounts,
    paused: bool,
    muted: bool,
    own: bool,
}

/// Puts the icon into the tray and keeps it up to date.
pub(crate) fn create(app: &AppHandle, source: Arc<Source>) -> tauri::Result<()> {
    let shown = Shown { own: source.engine().is_some(), ..Shown::default() };
    let chosen = source.clone();
    let tray = TrayIconBuilder::with_id("binnacle")
        .icon(tray_icon::draw(tray_icon::Mark::Unknown))
        .tooltip("Binnacle")
        .menu(&menu(app, &shown)?)
        .on_menu_event(move |app, event| choose(app, &chosen, &event))
        .build(app)?;
    app.manage(InTray);
    tauri::async_runtime::spawn(follow(app.clone(), source, tray, shown));
    Ok(())
}

async fn follow(app: AppHandle, source: Arc<Source>, tray: TrayIcon, mut last: Shown) {
    let Ok(mut statuses) = source.backend().subscribe("status", json!({})).await else { return };
    let slot = Arc::new(Mutex::new(()));
    while let Some(message) = statuses.next().await {
        let Ok(status) = serde_json::from_value::<EngineStatus>(message) else { continue };
        let shown = read(&source, &status).await;
        if shown == last {
            continue;
        }
        last = shown.clone();
        let (handle, tray, slot) = (app.clone(), tray.clone(), slot.clone());
        let on_main = app.run_on_main_thread(move || {
            let _one_at_a_time = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = update(&handle, &tray, &shown) {
                tracing::warn!(%error, "the tray cannot be updated");
            }
        });
        if on_main.is_err() {
            return;
        }
    }
}

async fn read(source: &Source, status: &EngineStatus) -> Shown {
    let alerts = match source.backend().call("alerts", json!({})).await {
        Ok(api::Reply::Json(value)) => serde_json::from_value::<Vec<Alert>>(value).unwrap_or_default(),
        _ => Vec::new(),
    };
    let name = |alert: &Alert| {
        let labels: Vec<&str> = alert.labels.values().map(String::as_str).collect();
        if labels.is_empty() {
            alert.rule_name.clone()
        } else {
            format!("{} - {}", alert.rule_name, labels.join(", "))
        }
    };
    let firing = alerts
        .iter()
        .filter(|alert| alert.state == AlertState::Firing)
        .map(|alert| (alert.fingerprint.clone(), name(alert)))
        .collect();
    Shown {
        firing,
        pending: status.alerts.pending,
        checks: status.checks,
        paused: status.paused,
        muted: status.muted_until.is_some(),
        own: source.engine().is_some(),
    }
}

fn update(app: &AppHandle, tray: &TrayIcon, shown: &Shown) -> tauri::Result<()> {
    let (mark, words) =
        match (shown.firing.len(), shown.checks.degraded + shown.checks.unhealthy, shown.paused) {
            (_, _, true) => (tray_icon::Mark::Unknown, "collecting is paused".to_owned()),
            (0, 0, _) => (tray_icon::Mark::Healthy, "nothing fires".to_owned()),
            (0, failing, _) => {
                let worst = match shown.checks.unhealthy {
                    0 => tray_icon::Mark::Degraded,
                    _ => tray_icon::Mark::Unhealthy,
                };
                (
                    worst,
                    if failing == 1 { "1 check fails".to_owned() } else { format!("{failing} checks fail") },
                )
            }
            (firing, ..) => (tray_icon::Mark::Unhealthy, format!("{firing} alerts fire")),
        };
    tray.set_icon(Some(tray_icon::draw(mark)))?;
    tray.set_tooltip(Some(format!("Binnacle: {words}")))?;
    let count = shown.firing.len();
    tray.set_title(if count > 0 { Some(count.to_string()) } else { None })?;
    tray.set_menu(Some(menu(app, shown)?))
}

fn menu(app: &AppHandle, shown: &Shown) -> tauri::Result<Menu<tauri::Wry>> {
    let mut menu = MenuBuilder::new(app).text("open", "Open Binnacle").separator();
    if shown.firing.is_empty() {
        let nothing = MenuItemBuilder::with_id("nothing", "Nothing fires").enabled(false).build(app)?;
        menu = menu.item(&nothing);
    }
    for (fingerprint, name) in shown.firing.iter().take(MOST_ALERTS) {
        menu = menu.text(format!("alert/{fingerprint}"), name);
    }
    if shown.firing.len() > MOST_ALERTS {
        menu = menu.text("alerts", format!("{} more", shown.firing.len() - MOST_ALERTS));
    }
    let mute = SubmenuBuilder::new(app, "Mute notifications")
        .text("mute/15", "For 15 minutes")
        .text("mute/60", "For 1 hour")
        .text("mute/480", "For 8 hours")
        .build()?;
    menu = menu.separator();
    menu = if shown.muted { menu.text("unmute", "End muting") } else { menu.item(&mute) };
    let pause =
        CheckMenuItemBuilder::with_id("pause", "Pause collecting").checked(shown.paused).build(app)?;
    let at_login = app.autolaunch().is_enabled().unwrap_or_default();
    let autostart =
        CheckMenuItemBuilder::with_id("autostart", "Start at login").checked(at_login).build(app)?;
    let quit = if shown.own { "Quit (stops watching)" } else { "Quit (the engine goes on)" };
    menu.item(&pause).item(&autostart).separator().text("quit", quit).build()
}

fn choose(app: &AppHandle, source: &Arc<Source>, event: &MenuEvent) {
    let id = event.id().as_ref();
    match id.split_once('/') {
        Some(("alert", fingerprint)) => {
            window::show(app, Some(&format!("#/alerts?alert={fingerprint}")));
        }
        Some(("mute", minutes)) => {
            call(source, "mute", json!({"minutes": minutes.parse::<u32>().unwrap_or(60)}));
        }
        _ => match id {
            "open" => window::show(app, None),
            "alerts" => window::show(app, Some("#/alerts")),
            "unmute" => call(source, "mute", json!({"minutes": null})),
            "pause" => toggle_pause(source),
            "autostart" => toggle_autostart(app),
            "quit" => app.exit(0),
            _ => {}
        },
    }
}

fn toggle_pause(source: &Arc<Source>) {
    let source = source.clone();
    tauri::async_runtime::spawn(async move {
        if let Ok(api::Reply::Json(status)) = source.backend().call("status", json!({})).await {
            let paused = status.get("paused").and_then(Value::as_bool).unwrap_or_default();
            call(&source, "pause", json!({"paused": !paused}));
        }
    });
}

fn toggle_autostart(app: &AppHandle) {
    let launch = app.autolaunch();
    let toggled = if launch.is_enabled().unwrap_or_default() { launch.disable() } else { launch.enable() };
    if let Err(error) = toggled {
        tracing::warn!(%error, "starting at login cannot be changed");
    }
}

fn call(source: &Arc<Source>, name: &'static str, arguments: Value) {
    let source = source.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = source.backend().call(name, arguments).await {
            tracing::warn!(%error, command = name, "the tray's menu could not do this");
        }
    });
}
