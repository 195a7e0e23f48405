//! The DuckDB database: its tables, its files and fragments of statements.

pub(crate) mod attributes;
pub(crate) mod columns;
pub(crate) mod condition;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod identifiers;
pub(crate) mod options;
pub(crate) mod paths;
pub(crate) mod schema;
pub(crate) mod sql;
