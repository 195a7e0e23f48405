//! The Tauri shell: window, tray, single instance and native dialogs. Everything else is behind the
//! commands of `api`, in this process or in an engine that already runs.

mod arguments;
mod attached;
mod calls;
mod commands;
mod source;
mod tray;
mod window;

use std::{process::ExitCode, sync::Arc};

use clap::Parser as _;
use engine::{Log, shutdown_signal};
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogKind};

use crate::{
    arguments::Arguments,
    calls::Calls,
    commands::Subscriptions,
    source::{Opening, Source},
};

/// Runs the program until the user quits it.
pub fn run() -> ExitCode {
    runtime::restrict_new_files();
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("binnacle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    window::find_display()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let _inside = runtime.enter();
    let log = Log::start();
    let stop = shutdown_signal()?;

    let app = tauri::Builder::default()
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .callback(|app, _, _| window::show(app, None))
                .dbus_id(arguments.instance_name())
                .build(),
        )
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window::saved_state()).build())
        .plugin(tauri_plugin_autostart::init(
            tauri_plugin_autostart::MacosLauncher::LaunchAgent,
            Some(vec!["--hidden"]),
        ))
        .plugin(tauri_plugin_dialog::init())
        .manage(Calls::default())
        .manage(Subscriptions::default())
        .invoke_handler(tauri::generate_handler![
            commands::command,
            commands::cancel,
            commands::subscribe,
            commands::unsubscribe,
            commands::save_file,
            commands::save_content,
        ])
        .on_window_event(|window, event| {
            // A closed window hides. The tray's menu has the item to quit.
            if let WindowEvent::CloseRequested { api, .. } = event
                && window.app_handle().try_state::<tray::InTray>().is_some()
            {
                api.prevent_close();
                // A window that fails to hide gets another close request.
                let _ = window.hide();
            }
        })
        .setup(move |app| {
            let (sender, opening) = Opening::new();
            app.manage(opening);
            window::create(app.handle())?;
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                match Source::open(&arguments, log).await {
                    Ok(source) => {
                        let source = Arc::new(source);
                        sender.send_replace(Some(source.clone()));
                        begin(&handle, source, !arguments.hidden());
                    }
                    Err(error) => report_failed_start(&handle, &error),
                }
            });
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                stop.cancelled().await;
                handle.exit(i32::from(handle.state::<Opening>().failed()));
            });
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event
            && let Some(source) = app.state::<Opening>().source()
        {
            tauri::async_runtime::block_on(source.close());
        }
    });
    Ok(())
}

/// Shows the window and the tray, on the main thread.
fn begin(app: &AppHandle, source: Arc<Source>, visible: bool) {
    window::open_from_notifications(app.clone(), &source);
    let handle = app.clone();
    let on_main = app.run_on_main_thread(move || {
        if visible {
            window::show(&handle, None);
        }
        if let Err(error) = tray::create(&handle, source) {
            tracing::warn!(%error, "cannot create the tray, closing the window quits");
        }
    });
    if let Err(error) = on_main {
        tracing::error!(%error, "cannot show the window");
    }
}

/// Reports a failed start on the terminal and in a dialog, and ends when the dialog is closed.
fn report_failed_start(app: &AppHandle, error: &anyhow::Error) {
    eprintln!("binnacle: {error:#}");
    let handle = app.clone();
    app.dialog()
        .message(format!("{error:#}"))
        .title("Binnacle cannot start")
        .kind(MessageDialogKind::Error)
        .show(move |_| handle.exit(1));
}
