//! The secrets of checks: which one an edited or tried check may use, and their storage.

use std::sync::Arc;

use super::CheckService;
use crate::{
    error::CheckError,
    kinds::AnyKind,
    runner::{CheckRunner, read_secret},
    secret_target::SecretTarget,
    secrets::{Secret, SecretError},
};

impl CheckService {
    /// Returns the change of the stored secret when a check is saved without one: none if it stays.
    ///
    /// It stays if the check has the same server and user as before. A kind without secrets deletes
    /// it. Otherwise the secret must be entered again.
    pub(super) async fn kept_secret(
        &self,
        id: &str,
        former: Option<&Arc<CheckRunner>>,
        kind: &AnyKind,
    ) -> Result<Option<String>, CheckError> {
        let (belongs, target) = (former.and_then(|former| former.secret_target()), kind.secret_target());
        if belongs == target || id.is_empty() {
            return Ok(None);
        }
        match (self.read_secret(id).await?, target) {
            (None, _) => Ok(None),
            (Some(_), None) => Ok(Some(String::new())),
            (Some(_), Some(target)) => Err(belongs_elsewhere(belongs.as_ref(), &target)),
        }
    }

    /// Returns the stored secret for an attempt at a check of `kind`. Fails if there is one for
    /// another server or user.
    pub(super) async fn stored_secret(&self, id: &str, kind: &AnyKind) -> Result<Option<Secret>, CheckError> {
        let Some(runner) = self.runners().get(id).cloned() else { return Ok(None) };
        let Some(secret) = runner.secret().await? else { return Ok(None) };
        let belongs = runner.secret_target();
        match kind.secret_target() {
            None => Ok(None),
            target if target == belongs => Ok(Some(secret)),
            Some(target) => Err(belongs_elsewhere(belongs.as_ref(), &target)),
        }
    }

    /// Stores a secret, or deletes it if it is empty, on a thread that may block.
    pub(super) async fn store_secret(&self, id: &str, secret: String) -> Result<(), SecretError> {
        let (secrets, id) = (self.shared.context.secrets.clone(), id.to_owned());
        tokio::task::spawn_blocking(move || {
            if secret.is_empty() { secrets.delete(&id) } else { secrets.set(&id, &secret) }
        })
        .await
        .unwrap_or_else(|error| Err(SecretError::Keyring(error.to_string())))
    }

    /// Reads the stored secret of `id`.
    pub(super) async fn read_secret(&self, id: &str) -> Result<Option<Secret>, SecretError> {
        read_secret(&self.shared.context.secrets, id).await
    }
}

fn belongs_elsewhere(belongs: Option<&SecretTarget>, target: &SecretTarget) -> CheckError {
    let belongs = belongs.map_or_else(|| "another check".to_owned(), SecretTarget::to_string);
    CheckError::Invalid(format!(
        "the stored password belongs to {belongs} and is not sent to {target}; enter the password again, or \
         remove it"
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use model::{CheckKind, HealthCheck, HealthState};
    use runtime::Clock;
    use store::{Store, StoreOptions};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        kinds::{HttpCheck, TcpCheck},
        secrets::{FileSecrets, SecretStore},
    };

    /// A server that records the head of each request and answers with success.
    struct Recorder {
        port: u16,
        heads: Arc<Mutex<Vec<String>>>,
    }

    impl Recorder {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let heads = Arc::new(Mutex::new(Vec::new()));
            let recorded = heads.clone();
            tokio::spawn(async move {
                while let Ok((mut socket, _)) = listener.accept().await {
                    let mut bytes = [0; 4096];
                    let length = socket.read(&mut bytes).await.unwrap_or_default();
                    let head = String::from_utf8_lossy(&bytes[..length]).to_lowercase();
                    recorded.lock().unwrap().push(head);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = socket.write_all(answer).await;
                }
            });
            Self { port, heads }
        }

        fn authorized(&self) -> usize {
            self.heads.lock().unwrap().iter().filter(|head| head.contains("authorization:")).count()
        }
    }

    fn check(id: &str, kind: impl Into<CheckKind>) -> HealthCheck {
        HealthCheck { id: id.to_owned(), enabled: false, ..HealthCheck::new("page", kind) }
    }

    fn http(url: String) -> HttpCheck {
        HttpCheck { url, ..HttpCheck::default() }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stored_secret_is_sent_to_its_own_server_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), StoreOptions::default()).unwrap();
        let secrets = Arc::new(FileSecrets::new(folder.path().join("secrets.json")));
        secrets.set("sentry/acme", "sntryu_1").unwrap();
        let stop = CancellationToken::new();
        let service = CheckService::start(store.clone(), secrets.clone(), Clock::system(), stop.clone());
        let (ours, evil) = (Recorder::start().await, Recorder::start().await);
        let own = |path: &str| http(format!("http://127.0.0.1:{}{path}", ours.port));
        let id = service.save(check("", own("/a")), Some("hunter22".into())).await.unwrap().id;
        let (tried, id) = (async |kind| service.try_check(check(&id, kind), None).await, id.as_str());

        // Another path and query are the same server.
        assert_eq!(tried(own("/b?c=d")).await.state, HealthState::Healthy);
        assert_eq!((ours.authorized(), evil.authorized()), (1, 0));
        for kind in [
            http(format!("http://127.0.0.1:{}/", evil.port)),
            http(format!("http://localhost:{}/", ours.port)),
            http(format!("http://ann@127.0.0.1:{}/", ours.port)),
            http(format!("https://127.0.0.1:{}/", ours.port)),
        ] {
            let result = tried(kind.clone()).await;
            assert_eq!(result.state, HealthState::Unknown);
            assert!(result.message.contains("belongs to http://127.0.0.1:"), "{}", result.message);
            let saved = service.save(check(id, kind), None).await;
            assert!(matches!(&saved, Err(CheckError::Invalid(reason)) if reason.contains("belongs to")));
        }
        // An id of another source does not lend its secret.
        let foreign = check("sentry/acme", http(format!("http://127.0.0.1:{}/", evil.port)));
        assert!(service.save(foreign, None).await.is_err());
        assert_eq!((ours.heads.lock().unwrap().len(), evil.heads.lock().unwrap().len()), (1, 0));

        // A kind without secrets between two servers does not carry the secret over.
        service.save(check(id, TcpCheck { port: evil.port, ..TcpCheck::default() }), None).await.unwrap();
        assert_eq!(secrets.get(id).unwrap(), None);
        let moved = http(format!("http://127.0.0.1:{}/", evil.port));
        service.save(check(id, moved.clone()), None).await.unwrap();
        assert_eq!(service.run_now(id).await.unwrap().state, HealthState::Healthy);
        assert_eq!(evil.authorized(), 0);
        // Entered again, it is sent there.
        service.save(check(id, moved), Some("other".into())).await.unwrap();
        service.run_now(id).await.unwrap();
        assert_eq!(evil.authorized(), 1);
        stop.cancel();
        store.close().await.unwrap();
    }
}
