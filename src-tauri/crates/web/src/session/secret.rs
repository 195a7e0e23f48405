//! Secrets of 256 bits, and the proofs that both ends of a session make with them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Length of secrets and nonces in bytes.
const LENGTH: usize = 32;

/// A secret of 256 bits: the secret of a code, or the key of a browser.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; LENGTH]);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// The values that a proof covers. A proof for one host, code or connection is none for another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    /// The host and port of the page's address.
    pub(crate) host: &'a str,
    /// The id of the code or of the browser.
    pub(crate) id: &'a str,
    pub(crate) page_nonce: &'a str,
    pub(crate) server_nonce: &'a str,
}

impl Exchange<'_> {
    fn message(&self, label: &str) -> String {
        [label, self.host, self.id, self.page_nonce, self.server_nonce].join("\n")
    }
}

impl Secret {
    /// Returns a new random secret.
    pub(crate) fn random() -> Self {
        Self(random())
    }

    /// Reads a secret from base64url text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// Returns the secret as base64url text.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the proof of the server that it has this secret.
    pub(crate) fn server_proof(&self, exchange: Exchange<'_>) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("server", exchange))
    }

    /// Returns true if `proof` shows that the page has this secret. Takes the same time wherever
    /// they differ.
    pub(crate) fn is_page_proof(&self, exchange: Exchange<'_>, proof: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        decode(proof)
            .is_some_and(|proof| hmac::verify(&key, exchange.message("page").as_bytes(), &proof).is_ok())
    }

    /// Derives the key of the browser that has exchanged this code. It never travels.
    pub(crate) fn browser_key(&self, exchange: Exchange<'_>) -> Self {
        Self(self.mac("browser", exchange))
    }

    fn mac(&self, label: &str, exchange: Exchange<'_>) -> [u8; LENGTH] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, exchange.message(label).as_bytes());
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not 256 bits as base64url"))
    }
}

/// Returns a new nonce.
pub(crate) fn nonce() -> String {
    URL_SAFE_NO_PAD.encode(random::<LENGTH>())
}

/// Returns true if `text` has the form of a nonce. Any other text could change the meaning of the
/// message that a proof covers.
pub(crate) fn is_nonce(text: &str) -> bool {
    decode(text).is_some()
}

/// Returns a new id of 16 hexadecimal digits.
pub(crate) fn new_id() -> String {
    format!("{:016x}", u64::from_be_bytes(random()))
}

fn decode(text: &str) -> Option<[u8; LENGTH]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(host: &str) -> Exchange<'_> {
        Exchange { host, id: "00000000000000aa", page_nonce: "p", server_nonce: "s" }
    }

    #[test]
    fn proofs_agree_with_the_console() {
        // The same values are in `ui/src/backend/session/handshake.test.ts`.
        let secret = Secret::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let proof = secret.server_proof(exchange("127.0.0.1:7171"));
        assert_eq!(proof, "oN3XdNw1kKa90Fs3vRoPcWMIMYlsAe-5F1Z9w11EVFc");
        assert_eq!(
            secret.browser_key(exchange("127.0.0.1:7171")).text(),
            "jOlGrHdWrv-ltzcZCcdLUavk8K3f_HEAehPAjzlZV60"
        );
    }

    #[test]
    fn a_proof_is_bound_to_its_side_its_host_and_its_secret() {
        let secret = Secret::random();
        let page = |secret: &Secret, host| URL_SAFE_NO_PAD.encode(secret.mac("page", exchange(host)));
        assert!(secret.is_page_proof(exchange("a:1"), &page(&secret, "a:1")));
        assert!(!secret.is_page_proof(exchange("a:1"), &page(&secret, "a:2")));
        assert!(!secret.is_page_proof(exchange("a:1"), &page(&Secret::random(), "a:1")));
        assert!(!secret.is_page_proof(exchange("a:1"), &secret.server_proof(exchange("a:1"))));
        assert!(!secret.is_page_proof(exchange("a:1"), ""));
    }

    #[test]
    fn only_32_bytes_are_a_nonce_or_a_secret() {
        assert!(is_nonce(&nonce()));
        assert_ne!(nonce(), nonce());
        assert!(!is_nonce("") && !is_nonce("AAAA") && !is_nonce(&format!("{}\n", nonce())));
        assert_eq!(format!("{:?}", Secret::random()), "Secret");
        assert_eq!(new_id().len(), 16);
    }
}
