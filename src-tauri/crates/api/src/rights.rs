//! Rights: which commands a browser may call, and which need a person on the machine.
//!
//! A session of a browser reads, and edits rules, checks, silences, retention and the like. Running
//! programs, reading files and moving secrets need the window, the command line, the settings file
//! itself, or a confirmation on the machine.

mod checks;
mod decisions;
mod files;
mod sentry;
mod settings;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;

pub(crate) use self::{decisions::*, sentry::*, settings::*};

/// The right that a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// A browser may call it.
    Browser,
    /// It needs the machine.
    Machine,
    /// Its arguments and the settings in force decide.
    Depends,
}

/// An effect of a command that needs the machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effect {
    /// The effect in plain words.
    pub(crate) text: String,
    /// Everything that decides what happens. The text may say less.
    value: Value,
}

impl Effect {
    fn new(text: String, value: impl Serialize) -> Self {
        // Settings and checks are plain structs, which JSON can always hold.
        Self { text, value: serde_json::to_value(value).unwrap_or_default() }
    }

    /// Makes the effect one that depends on `state`: in another state it is another effect.
    fn bind(&mut self, state: &str) {
        self.value = json!([self.value, state]);
    }
}

/// The decision about one call: its effects that need the machine. Without any a browser may make
/// the call.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    pub(crate) effects: Vec<Effect>,
    /// Locks out other edits of the settings that the decision read, until the call has ended.
    _edits: Option<OwnedMutexGuard<()>>,
}

impl From<Vec<Effect>> for Decision {
    fn from(effects: Vec<Effect>) -> Self {
        Self { effects, _edits: None }
    }
}

impl From<Effect> for Decision {
    fn from(effect: Effect) -> Self {
        vec![effect].into()
    }
}
