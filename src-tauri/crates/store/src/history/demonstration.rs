//! Removal of the demonstration's data.

use std::sync::Arc;

use model::RecordCounts;
use parking_lot::Mutex;

use crate::{
    Changed, StoreError, admin::Admin, maintenance::request::Request, metrics::head, segment::manifest,
};

const RESOURCES: &str = "SELECT id FROM resources WHERE demonstration";
/// Services that only the demonstration has.
const SERVICES: &str = "SELECT service FROM resources WHERE demonstration \
    EXCEPT SELECT service FROM resources WHERE NOT demonstration";

impl Admin {
    /// Returns whether there are records of the demonstration.
    pub async fn has_demonstration(&self) -> Result<bool, StoreError> {
        Ok(self.catalog().has_demonstration())
    }

    /// Deletes every record of the demonstration, and the alerts and findings about services that
    /// only it has. Returns the number of records deleted.
    pub async fn remove_demonstration(&self) -> Result<RecordCounts, StoreError> {
        let removed = Arc::new(Mutex::new(RecordCounts::default()));
        let counts = Arc::clone(&removed);
        let change = move |connection: &duckdb::Connection| {
            let delete = |table: &str, condition: String| -> Result<u64, StoreError> {
                Ok(connection.execute(&format!("DELETE FROM {table} WHERE {condition}"), [])? as u64)
            };
            let series = format!("series_id IN (SELECT id FROM series WHERE resource_id IN ({RESOURCES}))");
            let of_resource = format!("resource_id IN ({RESOURCES})");
            let labelled = format!(
                "coalesce(json_extract_string(document, '/labels/service.name'), \
                 json_extract_string(document, '/labels/service'), '') IN ({SERVICES})"
            );
            let mut deleted = RecordCounts {
                samples: 0,
                logs: delete("logs", of_resource.clone())?,
                spans: delete("spans", of_resource.clone())?,
            };
            for head in manifest::heads(connection)? {
                deleted.samples += delete(&head::samples(head), series.clone())?;
                deleted.samples += delete(&head::histogram_points(head), series.clone())?;
            }
            delete("exemplars", series)?;
            let fired = format!("fingerprint IN (SELECT fingerprint FROM transitions WHERE {labelled})");
            delete("evidence", fired.clone())?;
            let grouped = "json_extract_string(document, '$.grouped[*]')";
            let all_fired = format!(
                "len({grouped}) > 0 AND \
                 list_has_all((SELECT list(fingerprint) FROM transitions WHERE {labelled}), {grouped})"
            );
            delete("notifications", format!("coalesce({fired}, false) OR coalesce({all_fired}, false)"))?;
            delete("alerts", labelled.clone())?;
            delete("transitions", labelled)?;
            delete("findings", format!("service IN ({SERVICES})"))?;
            delete("series", of_resource)?;
            delete("resources", "demonstration".to_owned())?;
            *counts.lock() = deleted;
            Ok(0)
        };
        let changed = Changed {
            samples: true,
            logs: true,
            spans: true,
            alerts: true,
            notifications: true,
            findings: true,
            ..Changed::default()
        };
        let series = self.catalog().demonstration();
        let sealed =
            self.instance.maintain(Request::Remove { series, change: Box::new(change), changed }).await?;
        let mut removed = *removed.lock();
        removed.samples += sealed;
        Ok(removed)
    }
}
