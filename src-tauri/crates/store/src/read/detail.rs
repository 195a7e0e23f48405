//! How fine what is left of a metric is.

use model::{DataResolution, TagMatcher, TimeRange};

use super::bounds;
use crate::{
    Store, StoreError,
    layout::{PartitionFile, PartitionSignal},
    partition::{Wanted, before},
    reader::Reader,
};

impl Store {
    /// The coarsest of what is left of a metric in a range: points, or minutes or hours where points are gone.
    pub async fn detail(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
    ) -> Result<DataResolution, StoreError> {
        let (metric, matchers) = (metric.to_owned(), matchers.to_vec());
        self.read(move |reader| {
            let series = reader.dictionary.select(&metric, &matchers)?;
            let (start, end) = bounds(range);
            let layout = reader.layout()?;
            let mut coarsest = DataResolution::Points;
            for signal in [PartitionSignal::Samples, PartitionSignal::Histograms] {
                for bundle in layout.bundles(signal, start, end) {
                    let left = bundle.roll_up(None).filter(|(resolution, _)| resolution.form() > coarsest);
                    let Some((resolution, file)) = left.filter(|_| bundle.is_bare()) else { continue };
                    let bare = series.iter().filter(|series| !bundle.has_points(series.service()));
                    let mut ids: Vec<u64> = bare
                        .flat_map(|series| [Some(series.id), reader.dictionary.untold(series)])
                        .flatten()
                        .collect();
                    ids.sort_unstable();
                    let metrics = Some((&*metric, &*metric)).filter(|_| !metric.is_empty());
                    let wanted = Wanted { metrics, series: &ids };
                    let holds =
                        !ids.is_empty() && holds(reader, file, wanted, start, end).unwrap_or_default();
                    reader.check()?;
                    if holds {
                        coarsest = resolution.form();
                    }
                }
            }
            Ok(coarsest)
        })
        .await
    }
}

/// Whether a file has something of wanted series in a range.
fn holds(
    reader: &Reader,
    file: &PartitionFile,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
) -> Result<bool, StoreError> {
    let Some(scan) = file.scan()? else { return Ok(false) };
    for group in scan.groups(wanted) {
        reader.check()?;
        let rows = scan.find(group, ["series_id", "first_time", "last_time"], |_, series, first, last| {
            before(first, end) && last >= start && wanted.series.binary_search(&series).is_ok()
        })?;
        if !rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
