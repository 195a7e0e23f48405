//! Support for tests: real servers, a running engine, a desktop, clients and waiting.

pub mod certificates;
pub mod clients;
pub mod console_page;
pub mod counting_target;
pub mod display;
pub mod engine_client;
pub mod engine_process;
pub mod name_server;
pub mod nginx;
pub mod numbered;
pub mod otlp_load;
pub mod prometheus_query;
pub mod prometheus_server;
pub mod remote_write;
mod screen;
pub mod sentry_server;
pub mod servers;
pub mod small_disk;
pub mod tray;
pub mod wait;
pub mod web_driver;
pub mod write_request;
