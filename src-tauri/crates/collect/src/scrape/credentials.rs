//! Credentials of requests. They are never printed.

use std::{fmt, path::PathBuf};

/// A password or token, or the file with it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// The secret itself.
    Inline(String),
    /// A file that contains it. Each request reads it anew.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Secret {
    /// Returns the secret without surrounding blanks. A file that other users can read is refused.
    pub(crate) async fn read(&self) -> Result<String, String> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File(path) => {
                let file = path.clone();
                let bytes = tokio::task::spawn_blocking(move || runtime::read_secret_file(file)).await;
                let failed =
                    |reason: String| format!("cannot read the secret in {}: {reason}", path.display());
                let bytes = bytes.map_err(|error| failed(error.to_string()))?;
                let bytes = bytes.map_err(|error| failed(error.to_string()))?;
                let text =
                    String::from_utf8(bytes).map_err(|_| failed("it is not valid UTF-8".to_owned()))?;
                Ok(text.trim().to_owned())
            }
        }
    }
}

/// The authentication of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Credentials {
    /// No authentication.
    #[default]
    None,
    /// A name and a password.
    Basic(String, Option<Secret>),
    /// A scheme, such as `Bearer`, and a secret.
    Header(String, Secret),
}

impl Credentials {
    /// Returns the credentials of the settings; secrets are in files.
    pub(crate) fn of(basic: Option<&config::BasicAuth>, header: Option<&config::Authorization>) -> Self {
        let file = |path: &String| Secret::File(PathBuf::from(path));
        match (basic, header) {
            (Some(basic), _) => Self::Basic(basic.username.clone(), Some(file(&basic.password_file))),
            (None, Some(header)) => Self::Header(header.kind.clone(), file(&header.credentials_file)),
            (None, None) => Self::None,
        }
    }

    /// Adds the credentials to a request.
    pub(crate) async fn apply(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::RequestBuilder, String> {
        Ok(match self {
            Self::None => request,
            Self::Basic(name, None) => request.basic_auth(name, None::<&str>),
            Self::Basic(name, Some(password)) => request.basic_auth(name, Some(password.read().await?)),
            Self::Header(scheme, secret) => {
                let text = format!("{scheme} {}", secret.read().await?);
                let mut value = reqwest::header::HeaderValue::from_str(&text).map_err(|_| {
                    "the credentials contain characters that are not allowed in a header".to_owned()
                })?;
                value.set_sensitive(true);
                request.header(reqwest::header::AUTHORIZATION, value)
            }
        })
    }
}
