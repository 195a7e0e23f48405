//! One function per command, named like it.

mod alerts;
mod analysis;
mod checks;
mod confirmations;
mod data;
mod files;
mod imports;
mod sentry;
mod settings;
mod telemetry;

pub(crate) use alerts::*;
pub(crate) use analysis::*;
pub(crate) use checks::*;
pub(crate) use confirmations::*;
pub(crate) use data::*;
pub(crate) use files::*;
pub(crate) use imports::*;
pub(crate) use sentry::*;
pub(crate) use settings::*;
pub(crate) use telemetry::*;
