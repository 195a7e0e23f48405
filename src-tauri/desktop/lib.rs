//! The Tauri shell: window, tray, single instance, native dialogs. Thin: everything else is behind the
//! command list of `api`, in this process or in an engine that already runs.

mod arguments;
mod commands;
mod source;
mod tray;
mod tray_icon;
mod window;

use std::{process::ExitCode, sync::Arc};

use tauri::{Manager as _, RunEvent, WindowEvent};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogKind};

use crate::{arguments::Arguments, commands::Subscriptions, source::Source};

/// Runs the program until somebody quits it.
pub fn run() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(answer) => return answer.print(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("binnacle: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());

    let mut builder = tauri::Builder::default();
    if arguments.single_instance() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app, None)));
    }
    let app = builder
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window::kept_state()).build())
        .plugin(tauri_plugin_autostart::init(
            tauri_plugin_autostart::MacosLauncher::LaunchAgent,
            Some(vec!["--hidden"]),
        ))
        .plugin(tauri_plugin_dialog::init())
        .manage(Subscriptions::default())
        .invoke_handler(tauri::generate_handler![
            commands::command,
            commands::subscribe,
            commands::unsubscribe,
            commands::save_file,
        ])
        .on_window_event(|window, event| {
            // Closing keeps watching; quitting is in the tray's menu.
            if let WindowEvent::CloseRequested { api, .. } = event
                && window.app_handle().try_state::<tray::InTray>().is_some()
            {
                api.prevent_close();
                // A window that cannot be hidden is closed by its own event again.
                let _ = window.hide();
            }
        })
        .setup(move |app| {
            let source = tauri::async_runtime::block_on(Source::open(&arguments));
            let source = match source {
                Ok(source) => Arc::new(source),
                Err(error) => {
                    eprintln!("binnacle: {error:#}");
                    app.dialog()
                        .message(format!("{error:#}"))
                        .title("Binnacle cannot start")
                        .kind(MessageDialogKind::Error)
                        .blocking_show();
                    std::process::exit(1);
                }
            };
            app.manage(source.clone());
            window::create(app.handle(), !arguments.hidden())?;
            if let Err(error) = tray::create(app.handle(), source.clone()) {
                tracing::warn!(%error, "there is no tray; closing the window quits");
            }
            window::open_from_notifications(app.handle().clone(), &source);
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            eprintln!("binnacle: {error}");
            return ExitCode::FAILURE;
        }
    };
    app.run(|app, event| {
        if let RunEvent::Exit = event
            && let Some(source) = app.try_state::<Arc<Source>>()
        {
            tauri::async_runtime::block_on(source.close());
        }
    });
    ExitCode::SUCCESS
}
