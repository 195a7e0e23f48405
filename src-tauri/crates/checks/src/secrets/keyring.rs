//! Secrets in the system's keyring.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::Duration,
};

use keyring::{Entry, Error};

use super::store::{SecretError, SecretStore};

/// The name under which the keyring shows the entries.
const SERVICE: &str = "binnacle";

/// The limit of the first round trip.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// The limit of any later call; long enough to type the keyring's password.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of calls that may wait while the keyring is busy.
const MAX_QUEUED_CALLS: usize = 64;

type Call = Box<dyn FnOnce() + Send>;

/// The system's keyring. Its calls block and may hang for ever, so a dedicated thread makes them.
pub(super) struct KeyringSecrets {
    calls: SyncSender<Call>,
}

impl KeyringSecrets {
    /// Opens the keyring. Fails unless a first secret can be stored, read and deleted within
    /// [`OPEN_TIMEOUT`].
    pub(super) fn open() -> Result<Self, SecretError> {
        let (calls, queue) = sync_channel::<Call>(MAX_QUEUED_CALLS);
        thread::Builder::new()
            .name("keyring".into())
            .spawn(move || queue.into_iter().for_each(|call| call()))
            .map_err(|error| SecretError::Keyring(error.to_string()))?;
        let keyring = Self { calls };
        let trial = format!("trial of process {}", std::process::id());
        keyring.call(OPEN_TIMEOUT, move || {
            if let Err(error) = Entry::store_status() {
                return Err(Error::NotSupportedByStore(error.to_string()));
            }
            let entry = Entry::new(SERVICE, &trial)?;
            entry.set_password("trial")?;
            let stored = entry.get_password()?;
            entry.delete_credential()?;
            if stored == "trial" {
                Ok(())
            } else {
                Err(Error::BadStoreFormat("it does not return the stored text".into()))
            }
        })?;
        Ok(keyring)
    }

    /// Runs `work` on the thread of the keyring and waits for its result, for `limit` at most.
    fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, SecretError> {
        let (answer, answered) = sync_channel(1);
        let call: Call = Box::new(move || {
            // After a timeout the receiver is gone.
            let _ = answer.send(work());
        });
        self.calls.try_send(call).map_err(|_| SecretError::Timeout)?;
        answered
            .recv_timeout(limit)
            .map_err(|_| SecretError::Timeout)?
            .map_err(|error| SecretError::Keyring(describe(&error)))
    }
}

/// Returns the text of an error without the undecodable secret that some errors carry.
fn describe(error: &Error) -> String {
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the entry is not text".to_owned(),
        other => other.to_string(),
    }
}

impl SecretStore for KeyringSecrets {
    fn get(&self, id: &str) -> Result<Option<String>, SecretError> {
        let user = id.to_owned();
        self.call(CALL_TIMEOUT, move || match Entry::new(SERVICE, &user)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError> {
        let (user, secret) = (id.to_owned(), secret.to_owned());
        self.call(CALL_TIMEOUT, move || Entry::new(SERVICE, &user)?.set_password(&secret))
    }

    fn delete(&self, id: &str) -> Result<(), SecretError> {
        let user = id.to_owned();
        self.call(CALL_TIMEOUT, move || match Entry::new(SERVICE, &user)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }
}
