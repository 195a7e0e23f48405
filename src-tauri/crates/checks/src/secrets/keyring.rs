//! Secrets in the system's keyring.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::Duration,
};

use keyring::{Entry, Error};

use super::{SecretError, SecretStore};

/// The name under which the keyring shows the entries.
const SERVICE: &str = "binnacle";

/// How long the first round trip may take.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// How long any later call may take; long enough to type the keyring's own password.
const ANSWER: Duration = Duration::from_secs(30);

/// Calls that may wait while the keyring is busy.
const WAITING_CALLS: usize = 64;

type Call = Box<dyn FnOnce() + Send>;

/// The system's keyring. Its calls block and may hang for ever, so one thread of its own makes them.
pub(super) struct KeyringSecrets {
    calls: SyncSender<Call>,
}

impl KeyringSecrets {
    /// Opens the keyring; an error unless a first secret can be kept, read and forgotten quickly.
    pub(super) fn open() -> Result<Self, SecretError> {
        let (calls, waiting) = sync_channel::<Call>(WAITING_CALLS);
        thread::Builder::new()
            .name("keyring".into())
            .spawn(move || waiting.into_iter().for_each(|call| call()))
            .map_err(|error| SecretError::Keyring(error.to_string()))?;
        let keyring = Self { calls };
        let trial = format!("trial of process {}", std::process::id());
        keyring.call(FIRST_ANSWER, move || {
            if let Err(error) = Entry::store_status() {
                return Err(Error::NotSupportedByStore(error.to_string()));
            }
            let entry = Entry::new(SERVICE, &trial)?;
            entry.set_password("trial")?;
            let kept = entry.get_password()?;
            entry.delete_credential()?;
            if kept == "trial" {
                Ok(())
            } else {
                Err(Error::BadStoreFormat("it does not keep what it is given".into()))
            }
        })?;
        Ok(keyring)
    }

    fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, SecretError> {
        let (answer, answered) = sync_channel(1);
        let call: Call = Box::new(move || {
            // Nobody listens any more when the time was up.
            let _ = answer.send(work());
        });
        self.calls.try_send(call).map_err(|_| SecretError::Timeout)?;
        answered
            .recv_timeout(limit)
            .map_err(|_| SecretError::Timeout)?
            .map_err(|error| SecretError::Keyring(describe(&error)))
    }
}

/// The error in words; the undecodable secret that some errors carry stays out.
fn describe(error: &Error) -> String {
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the entry is not text".to_owned(),
        other => other.to_string(),
    }
}

impl SecretStore for KeyringSecrets {
    fn get(&self, id: &str) -> Result<Option<String>, SecretError> {
        let user = id.to_owned();
        self.call(ANSWER, move || match Entry::new(SERVICE, &user)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError> {
        let (user, secret) = (id.to_owned(), secret.to_owned());
        self.call(ANSWER, move || Entry::new(SERVICE, &user)?.set_password(&secret))
    }

    fn delete(&self, id: &str) -> Result<(), SecretError> {
        let user = id.to_owned();
        self.call(ANSWER, move || match Entry::new(SERVICE, &user)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }
}
