//! Files of replies, sent as downloads.
//!
//! A file may be as large as the stored data. It is sent in chunks as the client takes them. A page
//! is given a path that works once and for 60 s, from which its browser saves the file to the disk.

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::{ApiError, ErrorCode, FileReply};
use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use parking_lot::Mutex;
use runtime::Clock;

use crate::{responses::answer, session::secret::nonce};

/// The path of downloads, without its last segment.
pub(crate) const PATH: &str = "/api/download";
/// Time in which a browser has to fetch a file.
const LIFETIME: Duration = Duration::from_secs(60);
/// Maximum number of files that were not fetched yet. Each occupies space of the disk.
const MAX_PENDING: usize = 16;

/// The files that pages were given and that were not fetched yet, by the last segment of the path.
#[derive(Debug)]
pub(crate) struct Downloads {
    clock: Clock,
    pending: Arc<Mutex<HashMap<String, FileReply>>>,
}

impl Downloads {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, pending: Arc::default() }
    }

    /// Adds a file and returns its path. It is removed after 60 s.
    pub(crate) fn offer(&self, file: FileReply) -> Result<String, ApiError> {
        let key = nonce();
        let mut pending = self.pending.lock();
        if pending.len() >= MAX_PENDING {
            let message =
                format!("{MAX_PENDING} files are waiting for their download, try again in a minute");
            return Err(ApiError::new(ErrorCode::Busy, message));
        }
        pending.insert(key.clone(), file);
        let (path, clock, files) =
            (format!("{PATH}/{key}"), self.clock.clone(), Arc::downgrade(&self.pending));
        tokio::spawn(async move {
            clock.sleep(LIFETIME).await;
            let expired = files.upgrade().and_then(|files| files.lock().remove(&key));
            drop(expired);
        });
        Ok(path)
    }

    /// Returns the file with a key, which is the last segment of its path. It works once.
    pub(crate) fn take(&self, key: &str) -> Option<FileReply> {
        self.pending.lock().remove(key)
    }
}

/// Returns a response that a page saves as a file under a name of its own.
pub(crate) fn unnamed_attachment(file: FileReply) -> Response<Body> {
    let mut response = attachment(file);
    // A name in the header would go before the name that the page gives.
    let unnamed = HeaderValue::from_static("attachment");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, unnamed);
    response
}

/// Returns a response that a client saves as a file.
pub(crate) fn attachment(file: FileReply) -> Response<Body> {
    let length = file.content.length();
    let mut response = answer(&file.media_type, Body::from_stream(file.content.into_chunks()));
    let name: String = file
        .name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use runtime::ManualClock;

    use super::*;

    fn file() -> FileReply {
        FileReply { name: "a.csv".into(), media_type: "text/csv".into(), content: b"a".to_vec().into() }
    }

    fn key_of(path: &str) -> &str {
        path.strip_prefix("/api/download/").unwrap()
    }

    #[tokio::test]
    async fn a_file_is_fetched_once() {
        let downloads = Downloads::new(Clock::system());
        let path = downloads.offer(file()).unwrap();
        assert_eq!(downloads.take(key_of(&path)).unwrap().name, "a.csv");
        assert!(downloads.take(key_of(&path)).is_none());
    }

    #[tokio::test]
    async fn a_file_is_removed_after_a_minute_and_only_16_wait() {
        let time = ManualClock::new(Timestamp(0));
        let downloads = Downloads::new(time.clock());
        for _ in 0..MAX_PENDING {
            downloads.offer(file()).unwrap();
        }
        assert_eq!(downloads.offer(file()).unwrap_err().code, ErrorCode::Busy);
        time.wait_for_sleepers(MAX_PENDING).await;
        time.advance(LIFETIME);
        while !downloads.pending.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        downloads.offer(file()).unwrap();
    }
}
