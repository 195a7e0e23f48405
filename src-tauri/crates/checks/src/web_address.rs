//! User and password in web addresses.

use reqwest::Url;

/// Decodes the user or the password of an address.
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Takes user and password out of the address, so that they are in no message and no redirect.
pub(crate) fn take_credentials(url: &mut Url) -> (Option<String>, Option<String>) {
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode);
    let password = url.password().map(decode);
    // Both only fail for addresses without a host, which have no credentials either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    (user, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_address() {
        let mut url = Url::parse("https://ann%40x:p%3Aw@example.org/a").unwrap();
        assert_eq!(take_credentials(&mut url), (Some("ann@x".into()), Some("p:w".into())));
        assert_eq!(url.as_str(), "https://example.org/a");
    }
}
