//! The nouns of Binnacle as plain data: telemetry, checks, alerts, findings, requests and
//! responses.
//!
//! No I/O, no clock, no SQL.

mod alert;
mod attributes;
mod check_kind;
mod confirmation;
mod duration;
mod finding;
mod gap;
mod health;
mod identifier;
mod log;
mod metric;
mod numbers;
pub mod prometheus;
mod request;
mod resource;
mod retention;
mod sentry;
mod short_labels;
mod span;
mod status;
mod telemetry;
mod time;
mod unhashed;
mod url_text;
mod visible_text;

pub use alert::*;
pub use attributes::*;
pub use check_kind::*;
pub use confirmation::*;
pub use duration::parse_duration;
pub use finding::*;
pub use gap::*;
pub use health::*;
pub use identifier::*;
pub use log::*;
pub use metric::*;
pub use numbers::number_text;
pub use request::*;
pub use resource::*;
pub use retention::*;
pub use sentry::*;
pub use short_labels::*;
pub use span::*;
pub use status::*;
pub use telemetry::*;
pub use time::*;
pub use unhashed::*;
pub use url_text::{masked_url, url_origin};
pub use visible_text::{is_hidden, visible_block, visible_line};
