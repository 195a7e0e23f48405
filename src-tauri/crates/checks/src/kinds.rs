//! The list of check kinds. Each line is a module here, a type of a saved check and a type of the
//! console.
//!
//! Because the list declares the modules, `cargo fmt` does not find them: `cargo xtask test`
//! formats them by path.

use model::CheckKind;
use serde::Serialize;
use serde_json::{Map, Value};
use ts_rs::TS;

use crate::{
    error::CheckError,
    failure::Failure,
    kind::{Kind, ProbeContext},
    outcome::Measurements,
    secret_target::SecretTarget,
};

/// A kind as the console lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindDescription {
    /// The name in saved checks, such as `http`.
    pub name: &'static str,
    /// The name for people.
    pub label: &'static str,
    /// The settings of a new check.
    pub defaults: AnyKind,
}

macro_rules! check_kinds {
    ($($name:ident: $settings:ident;)*) => {
        $(mod $name;)*
        $(pub use self::$name::*;)*

        /// The settings of a check of any kind.
        #[allow(non_camel_case_types, missing_docs, reason = "a variant has the name of the saved kind")]
        #[derive(Debug, Clone, PartialEq, Serialize, TS)]
        #[serde(tag = "type")]
        #[ts(rename = "CheckKind")]
        pub enum AnyKind {
            $($name($settings),)*
        }

        $(impl From<$settings> for CheckKind {
            fn from(settings: $settings) -> Self {
                (&AnyKind::$name(settings)).into()
            }
        })*

        impl AnyKind {
            /// The names of all kinds.
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Returns every kind, in the order of the list.
            pub(crate) fn descriptions() -> Vec<KindDescription> {
                vec![$(KindDescription {
                    name: stringify!($name),
                    label: $settings::LABEL,
                    defaults: Self::$name($settings::default()),
                }),*]
            }

            /// Parses the settings of the kind `name`. Returns none if there is no such kind.
            pub(crate) fn parse(
                name: &str,
                settings: Map<String, Value>,
            ) -> Option<Result<Self, serde_path_to_error::Error<serde_json::Error>>> {
                match name {
                    $(stringify!($name) => {
                        Some(serde_path_to_error::deserialize(Value::Object(settings)).map(Self::$name))
                    })*
                    _ => None,
                }
            }

            /// Calls [`Kind::secret_target`].
            pub(crate) fn secret_target(&self) -> Option<SecretTarget> {
                match self {
                    $(Self::$name(settings) => settings.secret_target(),)*
                }
            }

            /// Calls [`Kind::normalise`].
            pub(crate) fn normalise(&mut self) -> Option<String> {
                match self {
                    $(Self::$name(settings) => settings.normalise(),)*
                }
            }

            /// Calls [`Kind::validate`].
            pub(crate) fn validate(&self) -> Result<(), CheckError> {
                match self {
                    $(Self::$name(settings) => settings.validate(),)*
                }
            }

            /// Calls [`Kind::target`].
            pub(crate) fn target(&self) -> String {
                match self {
                    $(Self::$name(settings) => settings.target(),)*
                }
            }

            /// Calls [`Kind::is_local`].
            pub(crate) fn is_local(&self) -> bool {
                match self {
                    $(Self::$name(settings) => settings.is_local(),)*
                }
            }

            /// Calls [`Kind::probe`].
            pub(crate) async fn probe(
                &self,
                context: ProbeContext<'_>,
                measurements: &mut Measurements,
            ) -> Result<String, Failure> {
                match self {
                    $(Self::$name(settings) => settings.probe(context, measurements).await,)*
                }
            }

            /// Calls [`Kind::warnings`].
            pub(crate) fn warnings(&self, measurements: &Measurements) -> Vec<String> {
                match self {
                    $(Self::$name(settings) => settings.warnings(measurements),)*
                }
            }
        }
    };
}

impl From<&AnyKind> for CheckKind {
    fn from(kind: &AnyKind) -> Self {
        // Settings are plain structs, which JSON can always hold.
        serde_json::to_value(kind).ok().and_then(Self::from_value).unwrap_or_default()
    }
}

check_kinds! {
    http: HttpCheck;
    tcp: TcpCheck;
    postgres: PostgresCheck;
    redis: RedisCheck;
    tls: TlsCheck;
    dns: DnsCheck;
}
