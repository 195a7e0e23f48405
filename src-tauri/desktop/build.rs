//! Hands the window's configuration to Tauri.

fn main() {
    tauri_build::build();
}
