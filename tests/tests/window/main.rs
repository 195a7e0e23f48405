//! The desktop program in a real window, with a real notification service, and its package.

mod console;
mod notification;
mod package;
