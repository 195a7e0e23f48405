//! Rules, the alert state machine and delivery.

mod desktop;
mod error;
mod evaluation;
mod evidence;
mod notifier;
mod preview;
mod scheduler;
mod service;
mod silence;
mod source;
mod state;
mod telling;
mod validation;
mod wording;

pub use desktop::DesktopNotifier;
pub use error::AlertError;
pub use notifier::{ChosenAction, NotificationAction, Notifier};
pub use service::{AlertService, Opened};
pub use silence::silences;
pub use state::{end_all, evaluate, fingerprint, unobserved};
pub use validation::validate;
pub use wording::{duration_text, sentence, value_text};
