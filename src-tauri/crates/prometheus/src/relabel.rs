//! Rules that change or drop label sets, as Prometheus defines them
//! (prometheus.io/docs/prometheus/latest/configuration/configuration, "relabel_config").

use config::{Relabel, RelabelAction};
use md5::{Digest, Md5};
use model::Labels;
use regex::{Captures, Regex, RegexBuilder};

use crate::line::is_label_name;

/// The label that holds the name of the metric while rules are applied.
pub(crate) const METRIC_NAME: &str = "__name__";

/// A compiled rule.
#[derive(Debug, Clone)]
pub struct RelabelRule {
    settings: Relabel,
    regex: Regex,
    /// True if the expression is `(.*)`, which needs no evaluation.
    takes_all: bool,
}

impl PartialEq for RelabelRule {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl RelabelRule {
    /// Compiles a rule; the error describes the fault.
    pub fn new(settings: &Relabel) -> Result<Self, String> {
        // Anchored at both ends; a dot matches a line end too.
        let regex = RegexBuilder::new(&format!("^(?s:{})$", settings.regex))
            .size_limit(1 << 20)
            .build()
            .map_err(|error| {
                let message = error.to_string();
                format!(
                    "the expression {:?} is not valid: {}",
                    settings.regex,
                    message.lines().last().unwrap_or("")
                )
            })?;
        let needs_target = !matches!(
            settings.action,
            RelabelAction::Keep
                | RelabelAction::Drop
                | RelabelAction::Labelmap
                | RelabelAction::Labeldrop
                | RelabelAction::Labelkeep
        );
        if needs_target && settings.target_label.is_empty() {
            return Err(format!("the action {} needs a target_label", settings.action.name()));
        }
        if settings.action == RelabelAction::Hashmod && settings.modulus == 0 {
            return Err("the action hashmod needs a modulus".to_owned());
        }
        Ok(Self { settings: settings.clone(), regex, takes_all: settings.regex == "(.*)" })
    }

    /// Returns the settings that the rule was compiled from.
    pub fn settings(&self) -> &Relabel {
        &self.settings
    }

    /// Compiles all rules; the error names the first invalid rule of `list`.
    pub fn all(list: &str, settings: &[Relabel]) -> Result<Vec<Self>, String> {
        let compiled = settings.iter().enumerate().map(|(index, rule)| {
            Self::new(rule).map_err(|problem| format!("rule {} of {list}: {problem}", index + 1))
        });
        compiled.collect()
    }

    /// Applies the rule; returns false if it drops the label set.
    fn apply(&self, labels: &mut Labels) -> bool {
        let settings = &self.settings;
        let value = || {
            let values: Vec<&str> = settings
                .source_labels
                .iter()
                .map(|name| labels.get(name).map_or("", String::as_str))
                .collect();
            values.join(&settings.separator)
        };
        let target = settings.target_label.as_str();
        match settings.action {
            RelabelAction::Keep => return self.regex.is_match(&value()),
            RelabelAction::Drop => return !self.regex.is_match(&value()),
            RelabelAction::Keepequal => return value() == labels.get(target).map_or("", String::as_str),
            RelabelAction::Dropequal => return value() != labels.get(target).map_or("", String::as_str),
            RelabelAction::Replace => {
                let value = value();
                if let Some((target, replacement)) = self.replacement(&value) {
                    set(labels, target, replacement);
                }
            }
            RelabelAction::Lowercase => set(labels, target.to_owned(), value().to_lowercase()),
            RelabelAction::Uppercase => set(labels, target.to_owned(), value().to_uppercase()),
            RelabelAction::Hashmod => {
                let hash = Md5::digest(value().as_bytes());
                let last: [u8; 8] = std::array::from_fn(|index| hash[8 + index]);
                let remainder = u64::from_be_bytes(last) % settings.modulus.max(1);
                set(labels, target.to_owned(), remainder.to_string());
            }
            RelabelAction::Labelmap => {
                let renamed: Vec<(String, String)> = labels
                    .iter()
                    .filter_map(|(name, value)| {
                        let captures = self.regex.captures(name)?;
                        Some((expand(&captures, &settings.replacement), value.clone()))
                    })
                    .collect();
                for (name, value) in renamed {
                    set(labels, name, value);
                }
            }
            RelabelAction::Labeldrop => labels.retain(|name, _| !self.regex.is_match(name)),
            RelabelAction::Labelkeep => labels.retain(|name, _| self.regex.is_match(name)),
        }
        true
    }

    /// Returns the label to set and its value, if the expression matches and the label's name is
    /// valid.
    fn replacement(&self, value: &str) -> Option<(String, String)> {
        let settings = &self.settings;
        if self.takes_all && !settings.target_label.contains('$') && settings.replacement == "$1" {
            return Some((settings.target_label.clone(), value.to_owned()));
        }
        let captures = self.regex.captures(value)?;
        let target = expand(&captures, &settings.target_label);
        is_label_name(&target).then(|| (target, expand(&captures, &settings.replacement)))
    }
}

fn expand(captures: &Captures<'_>, template: &str) -> String {
    let mut text = String::new();
    captures.expand(template, &mut text);
    text
}

fn set(labels: &mut Labels, name: String, value: String) {
    if value.is_empty() {
        labels.remove(&name);
    } else if !name.is_empty() {
        labels.insert(name, value);
    }
}

/// Applies rules in turn; returns false as soon as one drops the label set.
pub fn relabel(labels: &mut Labels, rules: &[RelabelRule]) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(rule: &str, labels: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let rule = RelabelRule::new(&serde_json::from_str(rule).unwrap()).unwrap();
        let mut labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        relabel(&mut labels, &[rule]).then(|| labels.into_iter().collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn every_action_follows_the_documentation() {
        let labels = [("a", "foo"), ("b", "bar"), ("c", "baz")];
        let with = |extra: (&'static str, &'static str)| {
            let mut all: Vec<(&str, &str)> =
                labels.into_iter().filter(|(name, _)| *name != extra.0).collect();
            all.push(extra);
            all.sort_unstable();
            pairs(&all)
        };
        for (rule, expected) in [
            (
                r#"{"source_labels":["a"],"regex":"f(.*)","target_label":"d","replacement":"ch${1}-ch${1}"}"#,
                with(("d", "choo-choo")),
            ),
            (r#"{"source_labels":["a","b"],"regex":"foo;(.*)","target_label":"d"}"#, with(("d", "bar"))),
            (r#"{"source_labels":["a"],"regex":"fo","target_label":"d"}"#, pairs(&labels)),
            (
                r#"{"source_labels":["a"],"regex":"f(.*)","target_label":"$1","replacement":"x"}"#,
                with(("oo", "x")),
            ),
            (
                r#"{"source_labels":["a"],"regex":"f(.*)","target_label":"${1}-","replacement":"x"}"#,
                pairs(&labels),
            ),
            (r#"{"target_label":"a","replacement":""}"#, pairs(&labels[1..])),
            (r#"{"source_labels":["none"],"target_label":"a"}"#, pairs(&labels[1..])),
            (r#"{"target_label":"d","replacement":"fixed"}"#, with(("d", "fixed"))),
            (r#"{"source_labels":["a"],"regex":"foo","action":"drop"}"#, None),
            (r#"{"source_labels":["a"],"regex":"fo","action":"drop"}"#, pairs(&labels)),
            (r#"{"source_labels":["a"],"regex":"foo|bar","action":"keep"}"#, pairs(&labels)),
            (r#"{"source_labels":["a"],"regex":"bar","action":"keep"}"#, None),
            (r#"{"source_labels":["a"],"target_label":"b","action":"keepequal"}"#, None),
            (r#"{"source_labels":["a"],"target_label":"b","action":"dropequal"}"#, pairs(&labels)),
            // The last eight bytes of the md5 sum of "baz", big-endian, leave 976.
            (
                r#"{"source_labels":["c"],"target_label":"d","action":"hashmod","modulus":1000}"#,
                with(("d", "976")),
            ),
            (r#"{"source_labels":["a"],"target_label":"d","action":"uppercase"}"#, with(("d", "FOO"))),
            (r#"{"source_labels":["a"],"target_label":"a","action":"lowercase"}"#, pairs(&labels)),
            (r#"{"regex":"[ab]","action":"labeldrop"}"#, pairs(&labels[2..])),
            (r#"{"regex":"[ab]","action":"labelkeep"}"#, pairs(&labels[..2])),
            (
                r#"{"regex":"(a|b)","action":"labelmap","replacement":"x_$1"}"#,
                pairs(&[("a", "foo"), ("b", "bar"), ("c", "baz"), ("x_a", "foo"), ("x_b", "bar")]),
            ),
        ] {
            assert_eq!(applied(rule, &labels), expected, "{rule}");
        }
    }

    #[test]
    fn invalid_rules_are_refused() {
        for (rule, expected) in [
            (r#"{"regex":"("}"#, "not valid"),
            (r#"{"regex":"((a{1000}){1000}){1000}","target_label":"x"}"#, "not valid"),
            (r#"{"source_labels":["a"]}"#, "target_label"),
            (r#"{"source_labels":["a"],"target_label":"x","action":"hashmod"}"#, "modulus"),
        ] {
            let problem = RelabelRule::new(&serde_json::from_str(rule).unwrap()).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
