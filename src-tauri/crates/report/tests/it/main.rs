//! Reports of fixed data and of a real store.

mod document;
mod from_store;
mod page_text;
mod shop;
