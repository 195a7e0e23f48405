//! Storage usage by level.

use std::{collections::BTreeMap, fs};

use model::{DataKind, DataLevel, DataResolution, TimeRange, Timestamp};

use crate::{
    StoreError,
    admin::Admin,
    database::paths::{DATABASE, LOG},
    metrics::head,
    read::reader::Reader,
};

impl Admin {
    /// Returns the storage usage of segments by the length of their windows, and of the database.
    pub async fn levels(&self) -> Result<Vec<DataLevel>, StoreError> {
        self.read(None, levels).await
    }

    /// Returns the bytes of the database with its log.
    pub async fn database_bytes(&self) -> u64 {
        let folder = self.instance.folder.clone();
        let length = move |name: &str| fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
        tokio::task::spawn_blocking(move || [DATABASE, LOG].into_iter().map(length).sum())
            .await
            .unwrap_or_default()
    }
}

fn levels(reader: &Reader) -> Result<Vec<DataLevel>, StoreError> {
    let manifest = reader.manifest()?;
    let mut sealed: BTreeMap<(u8, DataResolution, bool), DataLevel> = BTreeMap::new();
    for file in &manifest.segments {
        let info = &file.info;
        let exemplars = info.signal.is_annotation();
        let level = sealed.entry((info.level, info.resolution, exemplars));
        let level =
            level.or_insert_with(|| empty(DataKind::Metrics, &name(info.level, info.resolution, exemplars)));
        level.files += 1;
        level.rows += info.points;
        level.bytes += info.bytes;
        let range = level.range.unwrap_or_else(|| TimeRange::new(info.first, info.last));
        level.range = Some(TimeRange::new(range.start.min(info.first), range.end.max(info.last)));
    }
    let tables = |names: Vec<String>| {
        let each: Vec<String> = names.iter().map(|name| format!("SELECT time FROM {name}")).collect();
        each.join(" UNION ALL ")
    };
    let heads =
        manifest.heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)]).collect();
    let mut levels = vec![in_database(reader, DataKind::Metrics, "not sealed yet", &tables(heads))?];
    levels.extend(sealed.into_values());
    levels.push(in_database(reader, DataKind::Logs, "database", "SELECT time FROM logs")?);
    levels.push(in_database(reader, DataKind::Spans, "database", "SELECT start_time AS time FROM spans")?);
    Ok(levels)
}

fn in_database(reader: &Reader, kind: DataKind, level: &str, times: &str) -> Result<DataLevel, StoreError> {
    let found = reader.row(&format!("SELECT count(*), min(time), max(time) FROM ({times})"), &[], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?))
    })?;
    let (rows, first, last) = found.unwrap_or_default();
    let range = first.zip(last).map(|(first, last)| TimeRange::new(Timestamp(first), Timestamp(last)));
    Ok(DataLevel { rows, range, ..empty(kind, level) })
}

fn empty(kind: DataKind, level: &str) -> DataLevel {
    DataLevel { kind, level: level.to_owned(), files: 0, rows: 0, bytes: 0, range: None }
}

fn name(level: u8, resolution: DataResolution, exemplars: bool) -> String {
    let length = match level {
        0 => "4 hours",
        1 => "1 day",
        2 => "30 days",
        _ => "all time",
    };
    match resolution {
        DataResolution::Points if exemplars => format!("{length}, exemplars"),
        DataResolution::Points => length.to_owned(),
        DataResolution::Minutes => format!("{length}, minutes"),
        DataResolution::Hours => format!("{length}, hours"),
    }
}
