//! The list of `api` over HTTP and WebSocket, and the console as a web page. Also the other end: a
//! [`RemoteBackend`] that reaches such a front from another process.

mod access;
mod assets;
mod commands;
mod console;
mod remote;
mod server;
mod sockets;

pub use access::new_token;
pub use console::Console;
pub use remote::RemoteBackend;
pub use server::{WebError, WebFront, serve};
