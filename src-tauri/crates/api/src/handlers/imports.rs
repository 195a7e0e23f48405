//! Imports of files with historical samples.

use engine::Engine;
use model::{ImportRequest, ImportStatus};

use crate::{ApiError, arguments::*};

pub(crate) async fn import(engine: &Engine, request: ImportRequest) -> Result<ImportStatus, ApiError> {
    Ok(engine.imports().start(request)?)
}

pub(crate) async fn imports(engine: &Engine, _: Nothing) -> Result<Vec<ImportStatus>, ApiError> {
    Ok(engine.imports().list())
}

pub(crate) async fn stop_import(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    if engine.imports().stop(&arguments.id) {
        return Ok(());
    }
    Err(ApiError::not_found(format!("there is no import {:?}", arguments.id)))
}
