//! The menu of the tray.

use std::sync::Arc;

use serde_json::{Value, json};
use tauri::{
    AppHandle, Wry,
    menu::{CheckMenuItemBuilder, Menu, MenuBuilder, MenuEvent, MenuItemBuilder, SubmenuBuilder},
};
use tauri_plugin_autostart::ManagerExt as _;

use super::summary::Summary;
use crate::{source::Source, window};

/// Maximum number of firing alerts in the menu.
const MAX_ALERTS: usize = 10;
/// Minutes of a mute whose menu item has none.
const DEFAULT_MUTE_MINUTES: u32 = 60;

/// Builds the menu.
pub(super) fn build(app: &AppHandle, summary: &Summary) -> tauri::Result<Menu<Wry>> {
    let mut menu = MenuBuilder::new(app).text("open", "Open Binnacle").separator();
    if summary.firing.is_empty() {
        let none = MenuItemBuilder::with_id("none", "No alerts firing").enabled(false).build(app)?;
        menu = menu.item(&none);
    }
    for (fingerprint, title) in summary.firing.iter().take(MAX_ALERTS) {
        menu = menu.text(format!("alert/{fingerprint}"), title);
    }
    if summary.firing.len() > MAX_ALERTS {
        menu = menu.text("alerts", format!("{} more", summary.firing.len() - MAX_ALERTS));
    }
    let mute = SubmenuBuilder::new(app, "Mute notifications")
        .text("mute/15", "For 15 minutes")
        .text("mute/60", "For 1 hour")
        .text("mute/480", "For 8 hours")
        .build()?;
    menu = menu.separator();
    menu = if summary.muted { menu.text("unmute", "Unmute notifications") } else { menu.item(&mute) };
    let pause =
        CheckMenuItemBuilder::with_id("pause", "Pause collection").checked(summary.paused).build(app)?;
    let at_login = app.autolaunch().is_enabled().unwrap_or_default();
    let autostart =
        CheckMenuItemBuilder::with_id("autostart", "Start at login").checked(at_login).build(app)?;
    let quit =
        if summary.owns_engine { "Quit (stops monitoring)" } else { "Quit (the engine keeps running)" };
    menu.item(&pause).item(&autostart).separator().text("quit", quit).build()
}

/// Runs the action of a chosen menu item.
pub(super) fn run(app: &AppHandle, source: &Arc<Source>, event: &MenuEvent) {
    let id = event.id().as_ref();
    match id.split_once('/') {
        Some(("alert", fingerprint)) => {
            window::show(app, Some(&format!("#/alerts?alert={fingerprint}")));
        }
        Some(("mute", minutes)) => {
            let minutes = minutes.parse::<u32>().unwrap_or(DEFAULT_MUTE_MINUTES);
            call(source, "mute", json!({"minutes": minutes}));
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
        tracing::warn!(%error, "cannot change the start at login");
    }
}

fn call(source: &Arc<Source>, name: &'static str, arguments: Value) {
    let source = source.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = source.backend().call(name, arguments).await {
            tracing::warn!(%error, command = name, "command from the tray's menu failed");
        }
    });
}
