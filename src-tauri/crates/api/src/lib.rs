//! The one list of commands and subscriptions that any front may call. A front has a [`Backend`]
//! and forwards the console's requests to it.

mod arguments;
mod backend;
mod commands;
mod error;
mod handlers;
mod reply;
mod restricted;
mod rights;
mod series_stream;
mod subscriptions;
pub mod typescript;

pub use arguments::*;
pub use backend::{Backend, EngineBackend};
pub use commands::{COMMANDS, RIGHTS};
pub use error::{ApiError, ErrorCode};
pub use reply::{Chunks, FileContent, FileReply, Reply};
pub use restricted::RestrictedBackend;
pub use rights::Right;
pub use series_stream::{SERIES_MEDIA_TYPE, decode_series, encode_series};
pub use subscriptions::{MessageStream, TOPICS};
