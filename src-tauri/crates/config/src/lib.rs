//! The settings file: typed, documented, live.
