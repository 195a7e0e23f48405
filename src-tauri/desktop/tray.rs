//! The tray icon: the worst state and a count, and a menu of the most used actions.

mod icon;
mod menu;
mod summary;

use std::sync::Arc;

use futures_util::StreamExt as _;
use model::EngineStatus;
use parking_lot::Mutex;
use serde_json::json;
use tauri::{
    AppHandle, Manager as _,
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{source::Source, tray::summary::Summary};

/// The mark that a tray exists, so that closing the window does not quit.
pub(crate) struct InTray;

/// Creates the tray icon and updates it until the program ends.
pub(crate) fn create(app: &AppHandle, source: Arc<Source>) -> tauri::Result<()> {
    let summary = Summary { owns_engine: source.engine().is_some(), ..Summary::default() };
    let in_menu = source.clone();
    let tray = TrayIconBuilder::with_id("binnacle")
        .icon(icon::draw(icon::Mark::Unknown))
        .tooltip("Binnacle")
        .menu(&menu::build(app, &summary)?)
        .on_menu_event(move |app, event| menu::run(app, &in_menu, &event))
        .build(app)?;
    app.manage(InTray);
    tauri::async_runtime::spawn(follow(app.clone(), source, tray, summary));
    Ok(())
}

async fn follow(app: AppHandle, source: Arc<Source>, tray: TrayIcon, mut last: Summary) {
    let Ok(mut statuses) = source.backend().subscribe("status", json!({})).await else { return };
    let lock = Arc::new(Mutex::new(()));
    while let Some(message) = statuses.next().await {
        let Ok(status) = serde_json::from_value::<EngineStatus>(message) else { continue };
        let summary = Summary::read(&source, &status).await;
        if summary == last {
            continue;
        }
        last = summary.clone();
        let (handle, tray, lock) = (app.clone(), tray.clone(), lock.clone());
        let on_main = app.run_on_main_thread(move || {
            let _one_at_a_time = lock.lock();
            if let Err(error) = update(&handle, &tray, &summary) {
                tracing::warn!(%error, "cannot update the tray");
            }
        });
        if on_main.is_err() {
            return;
        }
    }
}

fn update(app: &AppHandle, tray: &TrayIcon, summary: &Summary) -> tauri::Result<()> {
    tray.set_icon(Some(icon::draw(summary.mark())))?;
    tray.set_tooltip(Some(format!("Binnacle: {}", summary.text())))?;
    let count = summary.firing.len();
    tray.set_title(if count > 0 { Some(count.to_string()) } else { None })?;
    tray.set_menu(Some(menu::build(app, summary)?))
}
