//! The languages people type, evaluated over the store.
