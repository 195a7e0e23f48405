//! The effects of a health check that need the machine.

use model::HealthCheck;
use serde_json::Value;

use super::{Effect, files};

/// Kinds that only connect to an address of a network, apart from the files that their settings
/// name. Any other kind needs the machine as a whole.
const NETWORK_KINDS: [&str; 6] = ["http", "tcp", "postgres", "redis", "tls", "dns"];

/// Returns the effects of saving or running a check.
pub(super) fn effects(check: &HealthCheck) -> Vec<Effect> {
    let (name, kind) = (&check.name, &check.kind);
    let settings = Value::Object(kind.settings().clone());
    if !NETWORK_KINDS.contains(&kind.name()) {
        return vec![Effect::new(format!("Run the check “{name}”, {}: {settings}", kind.name()), kind)];
    }
    let mut effects: Vec<Effect> = files::named(&settings)
        .into_iter()
        .map(|file| Effect::new(format!("Read the file {file} for the check “{name}”"), file))
        .collect();
    // A server that is reached over a socket may trust the user that Binnacle runs as.
    let host = settings.get("host").and_then(Value::as_str).filter(|_| kind.name() == "postgres");
    if let Some(folder) = host.filter(|host| host.trim_start().starts_with('/')) {
        let text = format!("Run the check “{name}” over the socket in {folder}: {settings}");
        effects.push(Effect::new(text, kind));
    }
    effects
}

impl Effect {
    /// Returns true if an effect that was allowed before includes this one.
    pub(super) fn allows(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: Value) -> HealthCheck {
        let mut check = json!({
            "id": "", "name": "shop", "enabled": true, "kind": kind, "interval_seconds": 30,
            "timeout_seconds": 10, "retries": 0, "retry_interval_seconds": 1,
        });
        check["degraded_above_ms"] = Value::Null;
        check["service"] = Value::Null;
        serde_json::from_value(check).unwrap()
    }

    fn texts(kind: Value) -> Vec<String> {
        effects(&check(kind)).into_iter().map(|effect| effect.text).collect()
    }

    #[test]
    fn checks_of_a_network_are_the_browsers() {
        for kind in ::checks::kinds() {
            let kind = serde_json::to_value(kind.defaults).unwrap();
            assert_eq!(texts(kind.clone()), Vec::<String>::new(), "{kind}");
        }
    }

    #[test]
    fn files_sockets_and_unknown_kinds_need_the_machine() {
        let tls = json!({"type": "tls", "host": "shop", "port": 443, "ca_file": "/home/a/key.pem"});
        assert_eq!(texts(tls), ["Read the file /home/a/key.pem for the check “shop”"]);
        let socket =
            json!({"type": "postgres", "host": "/run/postgresql", "query": "SELECT pg_read_file('x')"});
        let text = &texts(socket)[0];
        assert!(text.starts_with("Run the check “shop” over the socket in /run/postgresql: "), "{text}");
        assert!(text.contains("pg_read_file"), "{text}");
        let command = json!({"type": "command", "run": ["rm", "-r"]});
        assert_eq!(texts(command), ["Run the check “shop”, command: {\"run\":[\"rm\",\"-r\"]}"]);
    }
}
