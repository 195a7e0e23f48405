//! A small shop of seven services that sends real OTLP.
