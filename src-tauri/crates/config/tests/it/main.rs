//! Integration tests of the settings file.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its files should fail")]

mod file;
mod migration;
