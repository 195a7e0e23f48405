//! Imports of files with historical samples.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::Engine;
use model::{ImportRequest, ImportStatus, Upload, UploadImportRequest, UploadPart, UploadRequest};

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

pub(crate) async fn begin_upload(engine: &Engine, request: UploadRequest) -> Result<Upload, ApiError> {
    Ok(engine.uploads().begin(request.name, request.size).await?)
}

pub(crate) async fn append_upload(engine: &Engine, part: UploadPart) -> Result<Upload, ApiError> {
    let bytes = STANDARD.decode(&part.data).map_err(|error| ApiError::invalid(format!("data: {error}")))?;
    Ok(engine.uploads().append(&part.id, part.offset, bytes).await?)
}

pub(crate) async fn cancel_upload(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    // One that has expired is gone as well.
    engine.uploads().cancel(&arguments.id);
    Ok(())
}

pub(crate) async fn import_upload(
    engine: &Engine,
    request: UploadImportRequest,
) -> Result<ImportStatus, ApiError> {
    let UploadImportRequest { id, service, dry_run } = request;
    Ok(engine.imports().start_uploaded(engine.uploads(), &id, service, dry_run)?)
}
