//! Windows on a display, over the X protocol.

use anyhow::{Context as _, Result};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, MapState, Window},
    rust_connection::RustConnection,
};

/// The window with this title, if one is shown.
pub(crate) fn shown_window(display: &str, title: &str) -> Result<Option<Window>> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    find(&connection, screen, title)
}

fn find(connection: &RustConnection, screen: usize, title: &str) -> Result<Option<Window>> {
    let root = connection.setup().roots[screen].root;
    for window in connection.query_tree(root)?.reply()?.children {
        // A window may go while the others are looked at.
        let Ok(attributes) = connection.get_window_attributes(window)?.reply() else { continue };
        let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 100)?;
        let Ok(name) = name.reply() else { continue };
        if attributes.map_state == MapState::VIEWABLE && name.value == title.as_bytes() {
            return Ok(Some(window));
        }
    }
    Ok(None)
}

/// Asks the window with this title to close.
pub(crate) fn close_window(display: &str, title: &str) -> Result<()> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let window = find(&connection, screen, title)?.with_context(|| format!("{title} is not shown"))?;
    let atom =
        |name: &str| Ok::<_, anyhow::Error>(connection.intern_atom(false, name.as_bytes())?.reply()?.atom);
    let wish = [atom("WM_DELETE_WINDOW")?, 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, wish);
    connection.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
    Ok(())
}
