//! The addresses of an installation's web API.

use std::net::IpAddr;

use reqwest::Url;

/// The address of an installation.
pub(super) struct ApiAddress {
    base: Url,
}

impl ApiAddress {
    /// Parses the address in the settings; an error describes what is wrong.
    pub(super) fn parse(address: &str) -> Result<Self, String> {
        let mut base = Url::parse(address).map_err(|error| format!("the address is not a URL: {error}"))?;
        base.host_str().ok_or("the address has no host")?;
        // Users copy the address with the path of the API.
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/api/0").unwrap_or(path).to_owned();
        base.set_path(&path);
        base.path_segments_mut().map_err(|()| "the address has no path")?;
        Ok(Self { base })
    }

    /// Returns true if the installation is on this machine.
    pub(super) fn is_local(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Returns the address of `path` under `/api/0/`.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "0"]).extend(path).push("");
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &[&str]) -> String {
        ApiAddress::parse(base).unwrap().url(path, &[]).into()
    }

    #[test]
    fn addresses_are_built_from_copied_ones() {
        let wanted = "https://sentry.example.org/api/0/organizations/acme/stats_v2/";
        let path = ["organizations", "acme", "stats_v2"];
        for base in
            ["https://sentry.example.org", "https://sentry.example.org/", "https://sentry.example.org/api/0/"]
        {
            assert_eq!(url(base, &path), wanted);
        }
        assert_eq!(url("http://host/under/", &["organizations"]), "http://host/under/api/0/organizations/");
        assert_eq!(url("http://h", &["organizations", "../x?y"]), "http://h/api/0/organizations/..%2Fx%3Fy/");
    }
}
