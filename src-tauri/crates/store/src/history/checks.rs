//! Health checks, their results and incidents.

use model::{CheckResult, HealthCheck, HealthState, Incident, TimeRange, TimelineBucket, Timestamp};

use super::{
    reader::HistoryReader,
    writer::{History, document},
};
use crate::{Changed, StoreError, database::sql::Parameter, read::limits::bounds};

const CHECKS: Changed = Changed {
    checks: true,
    samples: false,
    logs: false,
    spans: false,
    alerts: false,
    notifications: false,
    findings: false,
    rules: false,
    gaps: false,
};
/// The buckets of a timeline, at most.
const MAX_BUCKETS: u32 = 10_000;

impl HistoryReader {
    /// Returns every check, by name.
    pub async fn checks(&self) -> Result<Vec<HealthCheck>, StoreError> {
        let mut checks: Vec<HealthCheck> = self.documents("SELECT document FROM checks", Vec::new()).await?;
        checks.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(checks)
    }

    /// Returns results of a check, newest first.
    pub async fn check_results(
        &self,
        check_id: &str,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<CheckResult>, StoreError> {
        self.documents(
            "SELECT document FROM check_results WHERE check_id = ? AND time >= ? AND time < ? \
             ORDER BY time DESC LIMIT ?",
            vec![check_id.into(), range.start.0.into(), range.end.0.into(), i64::from(limit).into()],
        )
        .await
    }

    /// Returns the newest result of every check: that which was stored last, whatever its time. The
    /// clock may have been ahead before.
    pub async fn latest_check_results(&self) -> Result<Vec<CheckResult>, StoreError> {
        self.documents(
            "SELECT arg_max(document, rowid) FROM check_results GROUP BY check_id ORDER BY check_id",
            Vec::new(),
        )
        .await
    }

    /// Divides the range into equal buckets, oldest first, each with its worst state.
    pub async fn check_timeline(
        &self,
        check_id: &str,
        range: TimeRange,
        buckets: u32,
    ) -> Result<Vec<TimelineBucket>, StoreError> {
        let (start, end) = bounds(range);
        let buckets = i64::from(buckets.clamp(1, MAX_BUCKETS));
        let length = end.saturating_sub(start).max(0);
        let width = (length / buckets + i64::from(length % buckets != 0)).max(1);
        let check_id = Parameter::from(check_id);
        let found = self
            .source
            .read(move |reader| {
                reader.rows(
                    &format!(
                        "SELECT (time - ({start})) // {width} AS bucket, count(*), arg_max(document, \
                         (CASE state WHEN 'unhealthy' THEN 3 WHEN 'degraded' THEN 2 WHEN 'unknown' THEN 1 \
                         ELSE 0 END)) FROM check_results \
                         WHERE check_id = ? AND time >= {start} AND time < {end} GROUP BY bucket"
                    ),
                    &[check_id],
                    |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?, row.get::<_, String>(2)?)),
                )
            })
            .await?;
        let mut timeline: Vec<TimelineBucket> = (0..buckets)
            .map(|bucket| start.saturating_add(bucket.saturating_mul(width)))
            .take_while(|from| *from < end)
            .map(|from| TimelineBucket {
                range: TimeRange::new(Timestamp(from), Timestamp(from.saturating_add(width).min(end))),
                state: HealthState::Unknown,
                results: 0,
                message: String::new(),
            })
            .collect();
        for (bucket, results, worst) in found {
            let slot = usize::try_from(bucket).ok().and_then(|bucket| timeline.get_mut(bucket));
            if let (Some(slot), Ok(worst)) = (slot, serde_json::from_str::<CheckResult>(&worst)) {
                slot.state = worst.state;
                slot.results = u32::try_from(results).unwrap_or(u32::MAX);
                slot.message = worst.message;
            }
        }
        Ok(timeline)
    }

    /// Returns uptime and median duration. Uptime is the fraction of observed time in which the
    /// check was not unhealthy, from 0 to 1. The duration is that of runs with an answer, in
    /// nanoseconds. A result is valid until the next one, but at most three times the median
    /// distance; time beyond is not observed.
    pub async fn check_statistics(
        &self,
        check_id: &str,
        range: TimeRange,
    ) -> Result<(Option<f64>, Option<i64>), StoreError> {
        let (start, end) = bounds(range);
        let check_id = Parameter::from(check_id);
        self.source
            .read(move |reader| {
                let results = reader.rows(
                    "SELECT time, state, duration FROM check_results \
                 WHERE check_id = ? AND time >= ? AND time < ? ORDER BY time",
                    &[check_id, start.into(), end.into()],
                    |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)),
                )?;
                let mut answered: Vec<i64> = results
                    .iter()
                    .filter(|(_, state, _)| matches!(state.as_str(), "healthy" | "degraded"))
                    .map(|(.., duration)| *duration)
                    .collect();
                Ok((uptime(&results, end), median(&mut answered)))
            })
            .await
    }

    /// Returns the incidents that overlap the range, newest first.
    pub async fn incidents(
        &self,
        range: TimeRange,
        check_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        let check = check_id.map_or(Parameter::Null, Parameter::from);
        self.documents(
            "SELECT document FROM incidents WHERE started < $1 AND (ended IS NULL OR ended > $2) \
             AND ($3 IS NULL OR check_id = $3) ORDER BY started DESC, id LIMIT $4",
            vec![range.end.0.into(), range.start.0.into(), check, i64::from(limit).into()],
        )
        .await
    }

    /// Returns the ongoing incidents.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.documents(
            "SELECT document FROM incidents WHERE ended IS NULL ORDER BY started DESC, id",
            Vec::new(),
        )
        .await
    }
}

impl History {
    /// Saves a check in slot of the one with its id.
    pub async fn put_check(&self, check: HealthCheck) -> Result<(), StoreError> {
        let (id, document) = (Parameter::from(check.id.as_str()), document(&check)?);
        let statements = vec![
            ("DELETE FROM checks WHERE id = ?", vec![id.clone()]),
            ("INSERT INTO checks VALUES (?, ?)", vec![id, document]),
        ];
        self.define(CHECKS, statements).await.map(|_| ())
    }

    /// Deletes a check with its results and incidents. Returns false if there is none.
    pub async fn delete_check(&self, id: &str) -> Result<bool, StoreError> {
        let id = Parameter::from(id);
        let statements = vec![
            ("DELETE FROM check_results WHERE check_id = ?", vec![id.clone()]),
            ("DELETE FROM incidents WHERE check_id = ?", vec![id.clone()]),
            ("DELETE FROM checks WHERE id = ?", vec![id]),
        ];
        Ok(self.define(CHECKS, statements).await? > 0)
    }

    /// Stores a result, and the incident that it opened, prolonged or ended, in one commit.
    pub async fn record_check_result(
        &self,
        result: CheckResult,
        incident: Option<Incident>,
    ) -> Result<(), StoreError> {
        let mut statements = vec![(
            "INSERT INTO check_results VALUES (?, ?, ?, ?, ?)",
            vec![
                result.check_id.as_str().into(),
                result.time.0.into(),
                state_name(result.state).into(),
                result.duration.into(),
                document(&result)?,
            ],
        )];
        if let Some(incident) = incident {
            let id = Parameter::from(incident.id.as_str());
            statements.push(("DELETE FROM incidents WHERE id = ?", vec![id.clone()]));
            statements.push((
                "INSERT INTO incidents VALUES (?, ?, ?, ?, ?)",
                vec![
                    id,
                    incident.check_id.as_str().into(),
                    incident.started.0.into(),
                    incident.ended.map_or(Parameter::Null, |time| time.0.into()),
                    document(&incident)?,
                ],
            ));
        }
        self.run(CHECKS, statements).await.map(|_| ())
    }
}

fn state_name(state: HealthState) -> &'static str {
    match state {
        HealthState::Healthy => "healthy",
        HealthState::Unknown => "unknown",
        HealthState::Degraded => "degraded",
        HealthState::Unhealthy => "unhealthy",
    }
}

fn median(values: &mut [i64]) -> Option<i64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable(middle).1)
}

fn uptime(results: &[(i64, String, i64)], end: i64) -> Option<f64> {
    let mut distances: Vec<i64> =
        results.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
    let max_validity = median(&mut distances).unwrap_or(1).saturating_mul(3).max(1);
    let (mut observed, mut up) = (0.0, 0.0);
    for (index, (time, state, _)) in results.iter().enumerate() {
        let until = results.get(index + 1).map_or(end, |next| next.0);
        let valid_for = until.saturating_sub(*time).clamp(0, max_validity) as f64;
        if state != "unknown" {
            observed += valid_for;
            up += if state == "unhealthy" { 0.0 } else { valid_for };
        }
    }
    (observed > 0.0).then(|| up / observed)
}
