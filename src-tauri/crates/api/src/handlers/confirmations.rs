//! Changes that wait for a confirmation on this machine.

use engine::Engine;
use model::Confirmation;

use crate::{ApiError, arguments::*};

pub(crate) async fn confirmations(engine: &Engine, _: Nothing) -> Result<Vec<Confirmation>, ApiError> {
    Ok(engine.confirmations().pending())
}

pub(crate) async fn confirm(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    found(&arguments.id, engine.confirmations().confirm(&arguments.id))
}

pub(crate) async fn refuse(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    found(&arguments.id, engine.confirmations().refuse(&arguments.id))
}

fn found(id: &str, is_found: bool) -> Result<(), ApiError> {
    if is_found {
        return Ok(());
    }
    Err(ApiError::not_found(format!("no change {id:?} waits for a confirmation; it may have expired")))
}
