//! The tray of a desktop for tests: items of programs and their menus, over D-Bus.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, Result};
use parking_lot::Mutex;
use zbus::{
    blocking::{Connection, Proxy, connection},
    message::Header,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

/// A tray: programs register their items with it and it reads their menus.
#[derive(Debug)]
pub struct Tray {
    connection: Connection,
    items: Arc<Mutex<Vec<(String, String)>>>,
}

/// The service that programs announce their items to.
struct Watcher {
    items: Arc<Mutex<Vec<(String, String)>>>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, item: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        // Some programs send the path of their item, others the name of their service.
        let item = if item.starts_with('/') {
            (sender, item.to_owned())
        } else {
            (item.to_owned(), "/StatusNotifierItem".to_owned())
        };
        self.items.lock().push(item);
    }

    fn register_status_notifier_host(&self, _host: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.items.lock();
        items.iter().map(|(service, path)| format!("{service}{path}")).collect()
    }
}

impl Tray {
    pub(crate) fn start(bus: &str) -> Result<Self> {
        let items = Arc::<Mutex<Vec<_>>>::default();
        let connection = connection::Builder::address(bus)?
            .serve_at("/StatusNotifierWatcher", Watcher { items: items.clone() })?
            .name("org.kde.StatusNotifierWatcher")?
            .build()?;
        Ok(Self { connection, items })
    }

    /// Returns the menu of the latest item: the number of each entry by its label.
    pub fn menu(&self) -> Result<HashMap<String, i32>> {
        let layout = self.menu_proxy()?.call_method("GetLayout", &(0, -1, Vec::<String>::new()))?;
        let (_, root): (u32, Entry) = layout.body().deserialize()?;
        let mut entries = HashMap::new();
        for child in &root.2 {
            collect_entries(child, &mut entries);
        }
        Ok(entries)
    }

    /// Chooses an entry of the menu of the latest item.
    pub fn choose(&self, entry: &str) -> Result<()> {
        let menu = self.menu()?;
        let number = menu.get(entry).with_context(|| format!("there is no {entry:?} in {menu:?}"))?;
        self.menu_proxy()?.call_method("Event", &(number, "clicked", Value::from(0), 0u32))?;
        Ok(())
    }

    fn menu_proxy(&self) -> Result<Proxy<'static>> {
        let item = self.items.lock().last().cloned();
        let (service, path) = item.context("the tray is empty")?;
        let item = Proxy::new(&self.connection, service.clone(), path, "org.kde.StatusNotifierItem")?;
        let menu: OwnedObjectPath = item.get_property("Menu")?;
        Ok(Proxy::new(&self.connection, service, menu, "com.canonical.dbusmenu")?)
    }
}

/// An entry of a menu: its number, its properties and the entries below it.
type Entry = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// Adds an entry and those below it to `entries`, by label.
fn collect_entries(entry: &Value<'_>, entries: &mut HashMap<String, i32>) {
    let entry = if let Value::Value(inner) = entry { inner } else { entry };
    let Value::Structure(structure) = entry else { return };
    let fields = structure.fields();
    let [Value::I32(number), Value::Dict(properties), Value::Array(children)] = fields else { return };
    if let Ok(Some(label)) = properties.get::<_, String>(&"label") {
        // An underscore marks the letter to press.
        entries.insert(label.replace('_', ""), *number);
    }
    for child in children.iter() {
        collect_entries(child, entries);
    }
}
