//! Integration tests of the data model.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stored_documents;
