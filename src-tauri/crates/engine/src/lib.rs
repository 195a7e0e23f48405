//! Builds the parts from the settings, starts and stops them in order.
