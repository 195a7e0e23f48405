//! The window.

use std::sync::Arc;

#[cfg(target_os = "linux")]
use anyhow::Context as _;
use tauri::{
    AppHandle, Manager as _, Url, WebviewUrl, WebviewWindowBuilder,
    webview::{NewWindowResponse, PageLoadEvent},
};
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
        // The page itself receives files that are dropped on it.
        .disable_drag_drop_handler()
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Subscriptions>().end_all();
                window.state::<Calls>().cancel_all();
            }
        })
        .build()
        .map(|_| ())
}

/// Returns true for the page of the console and the reports in its frame. The window opens nothing
/// else, because its page may call every command.
fn is_own_page(address: &Url) -> bool {
    match address.scheme() {
        "tauri" => address.host_str() == Some("localhost"),
        // The scheme of the page on Windows.
        "http" | "https" => address.host_str() == Some("tauri.localhost") && address.port().is_none(),
        "about" => matches!(address.path(), "blank" | "srcdoc"),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_opens_only_its_own_page() {
        let opens = |address: &str| is_own_page(&address.parse().unwrap());
        for own in
            ["tauri://localhost/", "tauri://localhost/#/logs", "http://tauri.localhost/", "about:srcdoc"]
        {
            assert!(opens(own), "{own}");
        }
        for foreign in [
            "https://example.com/",
            "http://127.0.0.1:7171/",
            "http://tauri.localhost:8080/",
            "http://tauri.localhost.example.com/",
            "tauri://example.com/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "blob:tauri://localhost/0",
        ] {
            assert!(!opens(foreign), "{foreign}");
        }
    }
}
