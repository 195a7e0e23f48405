//! The commands of `api` over HTTP and WebSocket, and the console as a web page. [`RemoteBackend`]
//! is the client of such a front in another process.

mod access;
mod assets;
mod commands;
mod console;
mod remote;
mod responses;
mod serve_options;
mod server;
mod sockets;
mod state;

pub use access::new_token;
pub use console::Console;
pub use remote::RemoteBackend;
pub use serve_options::ServeOptions;
pub use server::{WebError, WebFront, serve};
