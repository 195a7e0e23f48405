//! Windows on a display, over the X protocol.

use std::time::Duration;

use anyhow::{Context as _, Result};
use x11rb::{
    CURRENT_TIME,
    connection::Connection as _,
    protocol::{
        xproto::{
            AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat,
            InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MapState, Window,
        },
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
};

/// Position and size of a window, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Distance from the left edge of the screen.
    pub x: i32,
    /// Distance from the upper edge of the screen.
    pub y: i32,
    /// Width without a frame.
    pub width: u32,
    /// Height without a frame.
    pub height: u32,
}

/// Finds the window with this title, if one is shown.
pub(crate) fn shown_window(display: &str, title: &str) -> Result<Option<Window>> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    find(&connection, screen, title)
}

fn find(connection: &RustConnection, screen: usize, title: &str) -> Result<Option<Window>> {
    let root = connection.setup().roots[screen].root;
    for window in connection.query_tree(root)?.reply()?.children {
        // A window may close while the others are read.
        let Ok(attributes) = connection.get_window_attributes(window)?.reply() else { continue };
        let name = connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 100)?;
        let Ok(name) = name.reply() else { continue };
        if attributes.map_state == MapState::VIEWABLE && name.value == title.as_bytes() {
            return Ok(Some(window));
        }
    }
    Ok(None)
}

/// Sends a close request to the window with this title.
pub(crate) fn close_window(display: &str, title: &str) -> Result<()> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let window = find(&connection, screen, title)?.with_context(|| format!("{title} is not shown"))?;
    let atom =
        |name: &str| Ok::<_, anyhow::Error>(connection.intern_atom(false, name.as_bytes())?.reply()?.atom);
    let data = [atom("WM_DELETE_WINDOW")?, 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, data);
    connection.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
    Ok(())
}

/// Returns position and size of the window with this title.
pub(crate) fn window_geometry(display: &str, title: &str) -> Result<Geometry> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let window = find(&connection, screen, title)?.with_context(|| format!("{title} is not shown"))?;
    let geometry = connection.get_geometry(window)?.reply()?;
    Ok(Geometry {
        x: geometry.x.into(),
        y: geometry.y.into(),
        width: geometry.width.into(),
        height: geometry.height.into(),
    })
}

/// Moves and resizes the window with this title.
pub(crate) fn move_window(display: &str, title: &str, geometry: Geometry) -> Result<()> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let window = find(&connection, screen, title)?.with_context(|| format!("{title} is not shown"))?;
    let changes =
        ConfigureWindowAux::new().x(geometry.x).y(geometry.y).width(geometry.width).height(geometry.height);
    connection.configure_window(window, &changes)?.check()?;
    Ok(())
}

/// Types into the window with this title: characters of an English keyboard, `\n` is Enter.
pub(crate) fn type_into(display: &str, title: &str, text: &str) -> Result<()> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let root = connection.setup().roots[screen].root;
    let window = find(&connection, screen, title)?.with_context(|| format!("{title} is not shown"))?;
    connection.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME)?.check()?;
    let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
    let mapping = connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let key_of = |symbol: u32| {
        mapping.keysyms.chunks(mapping.keysyms_per_keycode.into()).enumerate().find_map(|(index, symbols)| {
            let shifted = symbols.iter().take(2).position(|known| *known == symbol)?;
            Some((first + u8::try_from(index).ok()?, shifted == 1))
        })
    };
    let (shift, _) = key_of(0xffe1).context("the keyboard has no shift key")?;
    let send = |kind: u8, key: u8| -> Result<()> {
        connection.xtest_fake_input(kind, key, CURRENT_TIME, root, 0, 0, 0)?.check()?;
        Ok(())
    };
    for character in text.chars() {
        let symbol = if character == '\n' { 0xff0d } else { u32::from(character) };
        let (key, shifted) = key_of(symbol).with_context(|| format!("no key for {character:?}"))?;
        if shifted {
            send(KEY_PRESS_EVENT, shift)?;
        }
        send(KEY_PRESS_EVENT, key)?;
        send(KEY_RELEASE_EVENT, key)?;
        if shifted {
            send(KEY_RELEASE_EVENT, shift)?;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Returns the pixels of the window with this title, row by row: blue, green, red, unused.
pub(crate) fn pixels(display: &str, title: &str) -> Result<Option<Vec<[u8; 4]>>> {
    let (connection, screen) = x11rb::connect(Some(display))?;
    let Some(window) = find(&connection, screen, title)? else { return Ok(None) };
    let geometry = connection.get_geometry(window)?.reply()?;
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, geometry.width, geometry.height, !0)?
        .reply()?;
    Ok(Some(image.data.as_chunks().0.to_vec()))
}
