//! Turns a question and a time range into a document.
