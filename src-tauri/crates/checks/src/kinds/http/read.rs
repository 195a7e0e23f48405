//! Reading of a body until what is expected was seen.

use std::time::Duration;

use reqwest::{
    Response,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{
    HttpCheck,
    body::{BodyText, is_stream},
    explain::is_unannounced_end,
};
use crate::outcome::Measurements;

/// The length up to which a body is read.
const MAX_BODY_LENGTH: usize = 1 << 20;

/// The pause after which a body without a length counts as a stream, if nothing is expected of it.
const STREAM_PAUSE: Duration = Duration::from_millis(250);

/// The reason why a body is not what is expected.
pub(super) enum BodyFailure {
    /// It broke off or is damaged.
    Broken(reqwest::Error),
    /// It does not contain the text.
    Missing(String),
}

impl HttpCheck {
    /// Reads the body until what is expected was seen. If nothing is expected, it is read to its
    /// end to find one that breaks off, unless it has none.
    pub(super) async fn read_body(
        &self,
        mut response: Response,
        measurements: &mut Measurements,
    ) -> Result<(), BodyFailure> {
        let headers = response.headers();
        let has_length = headers.contains_key(CONTENT_LENGTH);
        let ends_with_connection = !has_length && !headers.contains_key(TRANSFER_ENCODING);
        let pause = (self.body_contains.is_none() && !has_length).then_some(STREAM_PAUSE);
        let mut text = BodyText::new(headers);
        let mut read = 0;
        if self.body_contains.is_none() && is_stream(headers) {
            measurements.insert("body_bytes".into(), 0.0);
            return Ok(());
        }
        let (mut found, mut complete) = (self.body_contains.is_none(), true);
        loop {
            let next = match pause {
                Some(pause) => match tokio::time::timeout(pause, response.chunk()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
                None => response.chunk().await,
            };
            let piece = match next {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) if ends_with_connection && is_unannounced_end(&error) => break,
                Err(error) => return Err(BodyFailure::Broken(error)),
            };
            let piece = &piece[..piece.len().min(MAX_BODY_LENGTH - read)];
            read += piece.len();
            if let Some(wanted) = &self.body_contains {
                found = text.push(piece, wanted);
                if found {
                    break;
                }
            }
            if read == MAX_BODY_LENGTH {
                complete = false;
                break;
            }
        }
        measurements.insert("body_bytes".into(), read as f64);
        if found {
            return Ok(());
        }
        let searched = if complete { "body does" } else { "the first 1 MiB of the body do" };
        let wanted = self.body_contains.as_deref().unwrap_or_default();
        Err(BodyFailure::Missing(format!("{searched} not contain {wanted:?}")))
    }
}
