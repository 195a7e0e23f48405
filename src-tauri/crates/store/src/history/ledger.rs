//! The observation ledger, findings and the heartbeat.

use model::{Finding, Gap, TimeRange, Timestamp};

use super::{
    reader::HistoryReader,
    writer::{History, document},
};
use crate::{Changed, StoreError, database::sql::Parameter};

impl HistoryReader {
    /// Returns the gaps that overlap the range, oldest first.
    pub async fn gaps(&self, range: TimeRange) -> Result<Vec<Gap>, StoreError> {
        self.documents(
            "SELECT document FROM gaps WHERE start_time < ? AND end_time > ? ORDER BY start_time",
            vec![range.end.0.into(), range.start.0.into()],
        )
        .await
    }

    /// Returns the findings that overlap the range, latest first.
    pub async fn findings(&self, range: TimeRange, limit: u32) -> Result<Vec<Finding>, StoreError> {
        self.documents(
            "SELECT document FROM findings WHERE start_time < ? AND end_time >= ? \
             ORDER BY noticed_at DESC, id LIMIT ?",
            vec![range.end.0.into(), range.start.0.into(), i64::from(limit).into()],
        )
        .await
    }

    /// Returns the latest times of which records may be of two times, because the clock was set,
    /// oldest first, at most `limit`.
    pub async fn clock_jumps(&self, limit: u32) -> Result<Vec<TimeRange>, StoreError> {
        self.source
            .read(move |reader| {
                let sql = "SELECT start_time, end_time FROM clock_jumps ORDER BY rowid DESC LIMIT ?";
                let mut jumps = reader.rows(sql, &[i64::from(limit).into()], |row| {
                    Ok(TimeRange::new(Timestamp(row.get(0)?), Timestamp(row.get(1)?)))
                })?;
                jumps.reverse();
                Ok(jumps)
            })
            .await
    }

    /// Returns the last time that Binnacle recorded that it runs.
    pub async fn last_heartbeat(&self) -> Result<Option<Timestamp>, StoreError> {
        self.time_of("SELECT max(time) FROM heartbeat").await
    }

    /// Returns the first time that Binnacle is known to have run. Nothing was observed before.
    pub async fn first_heartbeat(&self) -> Result<Option<Timestamp>, StoreError> {
        self.time_of("SELECT least((SELECT min(time) FROM heartbeat), (SELECT min(start_time) FROM gaps))")
            .await
    }

    async fn time_of(&self, query: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.source
            .read(move |reader| {
                let time = reader.row(query, &[], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
                Ok(time.flatten().map(Timestamp))
            })
            .await
    }
}

impl History {
    /// Stores a gap: an interval without observation.
    pub async fn record_gap(&self, gap: Gap) -> Result<(), StoreError> {
        let row = vec![gap.range.start.0.into(), gap.range.end.0.into(), document(&gap)?];
        let changed = Changed { gaps: true, ..Changed::default() };
        self.run(changed, vec![("INSERT INTO gaps VALUES (?, ?, ?)", row)]).await.map(|_| ())
    }

    /// Stores times of which records may be of two times, because the clock was set.
    pub async fn record_clock_jump(&self, range: TimeRange) -> Result<(), StoreError> {
        let row = vec![range.start.0.into(), range.end.0.into()];
        let statement = ("INSERT INTO clock_jumps VALUES (?, ?)", row);
        self.run(Changed::default(), vec![statement]).await.map(|_| ())
    }

    /// Stores findings, each in place of the one with its id. A score that is not finite becomes
    /// zero.
    pub async fn put_findings(&self, findings: Vec<Finding>) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(findings.len() * 2);
        for mut finding in findings {
            if !finding.score.is_finite() {
                finding.score = 0.0;
            }
            let id = Parameter::from(finding.id.as_str());
            statements.push(("DELETE FROM findings WHERE id = ?", vec![id.clone()]));
            statements.push((
                "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?)",
                vec![
                    id,
                    finding.service.as_str().into(),
                    finding.range.start.0.into(),
                    finding.range.end.0.into(),
                    finding.detected_at.0.into(),
                    document(&finding)?,
                ],
            ));
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.run(Changed { findings: true, ..Changed::default() }, statements).await.map(|_| ())
    }

    /// Records that Binnacle runs. The first and the last record are retained.
    pub async fn heartbeat(&self, now: Timestamp) -> Result<(), StoreError> {
        let statements = vec![
            ("DELETE FROM heartbeat WHERE time > (SELECT min(time) FROM heartbeat)", Vec::new()),
            ("INSERT INTO heartbeat VALUES (?)", vec![now.0.into()]),
        ];
        self.run(Changed::default(), statements).await.map(|_| ())
    }
}
