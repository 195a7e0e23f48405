//! The window.

use std::sync::Arc;

#[cfg(target_os = "linux")]
use anyhow::Context as _;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder, webview::PageLoadEvent};
use tauri_plugin_window_state::StateFlags;

use crate::{calls::Calls, commands::Subscriptions, source::Source};

const LABEL: &str = "main";
/// Under the locale `C` WebKit reports a language that its own `Intl` rejects. The script replaces
/// it.
const LANGUAGE: &str = "
try {
  new Intl.NumberFormat(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-GB' })
  Object.defineProperty(navigator, 'languages', { value: ['en-GB'] })
}
";

/// Returns the saved state of the window: all but its visibility, because a start shows it.
pub(crate) fn saved_state() -> StateFlags {
    StateFlags::all() & !StateFlags::VISIBLE
}

/// Fails if there is no display to show a window on.
#[cfg(target_os = "linux")]
pub(crate) fn find_display() -> anyhow::Result<()> {
    gtk::init().context("no display to open a window on; `binnacle-cli serve` runs without one")
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn find_display() -> anyhow::Result<()> {
    Ok(())
}

/// Creates the window hidden. Its page loads while the engine starts.
pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Binnacle")
        .inner_size(1280.0, 820.0)
        .min_inner_size(720.0, 480.0)
        .visible(false)
        .initialization_script(LANGUAGE)
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Subscriptions>().end_all();
                window.state::<Calls>().cancel_all();
            }
        })
        .build()
        .map(|_| ())
}

/// Brings the window to the front, at `address` (such as `#/alerts`) if given.
pub(crate) fn show(app: &AppHandle, address: Option<&str>) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "cannot show the window");
    }
    if let Some(address) = address {
        // Reloading the page would lose unsaved input.
        let script = format!("location.hash = {}", serde_json::Value::from(address));
        if let Err(error) = window.eval(script) {
            tracing::warn!(%error, "cannot open {address} in the window");
        }
    }
}

/// Opens the window at an alert when "Open" is chosen on its notification.
pub(crate) fn open_from_notifications(app: AppHandle, source: &Arc<Source>) {
    let Some(engine) = source.engine() else { return };
    let mut opened = engine.alerts().subscribe_opened();
    tauri::async_runtime::spawn(async move {
        while let Ok(opened) = opened.recv().await {
            let address = format!("#/alerts?alert={}", opened.fingerprint);
            let shown = app.clone();
            let on_main = app.run_on_main_thread(move || show(&shown, Some(&address)));
            if on_main.is_err() {
                return;
            }
        }
    });
}
