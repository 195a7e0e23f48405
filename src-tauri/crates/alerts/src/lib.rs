//! Rules, the alert state machine and delivery.
