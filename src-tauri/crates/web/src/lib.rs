//! The commands of `api` over a local socket, and the console as a web page with its sessions.
//! [`RemoteBackend`] is the client of the socket in another process.

mod access;
mod assets;
mod console;
mod downloads;
mod headers;
mod links;
mod local;
mod messages;
mod peer_user;
mod remote;
mod responses;
mod serve_options;
mod server;
mod session;
mod visit;

pub use console::Console;
pub use remote::RemoteBackend;
pub use serve_options::ServeOptions;
pub use server::WebError;
