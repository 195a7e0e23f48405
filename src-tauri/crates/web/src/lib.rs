//! The commands over HTTP and WebSocket, and the console as a page.
