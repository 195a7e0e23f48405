//! The one list of commands and subscriptions any front may call.
