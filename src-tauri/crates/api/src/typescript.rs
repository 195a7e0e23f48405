//! The TypeScript of the command list, for the console.

use std::{fmt::Write as _, fs, path::Path};

use checks::kinds::AnyKind;
use model::{Confirmation, EngineStatus, LogLine};
use ts_rs::{Config, TS};

use crate::{
    ApiError, Changes, LogTailArguments, Nothing,
    commands::{Commands, Signature},
};

/// The topics of subscriptions in TypeScript. `reply` is one message.
#[derive(TS)]
#[expect(dead_code, reason = "only its TypeScript is used")]
struct Topics {
    status: Signature<Nothing, EngineStatus>,
    changes: Signature<Nothing, Changes>,
    log_tail: Signature<LogTailArguments, Vec<LogLine>>,
    confirmations: Signature<Nothing, Vec<Confirmation>>,
}

/// Writes the TypeScript of every command, topic and type into `folder`: one file per type, and
/// `index.ts`. Earlier contents of the folder are removed.
pub fn write_into(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let config = Config::new().with_large_int("number").with_out_dir(folder);
    // The registry's union comes first: `model` declares only the name of its type.
    AnyKind::export_all(&config)?;
    Commands::export_all(&config)?;
    Topics::export_all(&config)?;
    ApiError::export_all(&config)?;

    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let text = fs::read_to_string(&path)?;
            let body: Vec<&str> = text.lines().filter(|line| !line.starts_with("// This file was")).collect();
            fs::write(
                &path,
                format!("// Generated from the Rust types of the same name.\n{}\n", body.join("\n").trim()),
            )?;
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    fs::write(folder.join("checkKinds.ts"), check_kinds()?)?;
    fs::write(folder.join("shortLabels.ts"), short_labels()?)?;
    names.sort();
    let mut index = String::from("// Generated: every type of the command list.\n");
    for name in &names {
        writeln!(index, "export type {{ {name} }} from './{name}'")?;
    }
    writeln!(index, "export {{ CHECK_KINDS }} from './checkKinds'")?;
    writeln!(index, "export {{ SHORT_LABELS }} from './shortLabels'")?;
    fs::write(folder.join("index.ts"), index)?;
    Ok(())
}

/// Returns the kinds of checks as a constant of TypeScript: label and settings of a new check by
/// name.
fn check_kinds() -> Result<String, serde_json::Error> {
    let mut text = String::from(
        "// Generated: the registry of check kinds.\nimport type { CheckKind } from './CheckKind'\n\n\
         export const CHECK_KINDS: readonly { label: string; defaults: CheckKind }[] = [\n",
    );
    for kind in checks::kinds() {
        let (label, defaults) = (serde_json::to_string(kind.label)?, serde_json::to_string(&kind.defaults)?);
        text.push_str(&format!("  {{ label: {label}, defaults: {defaults} }},\n"));
    }
    text.push_str("]\n");
    Ok(text)
}

/// Returns the short labels as a constant of TypeScript: resource attribute by label.
fn short_labels() -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::from(
        "// Generated: the short labels of queries, each with its resource attribute.\n\
         export const SHORT_LABELS: Readonly<Record<string, string>> = {\n",
    );
    for (label, attribute) in model::SHORT_LABELS {
        writeln!(text, "  {}: {},", serde_json::to_string(label)?, serde_json::to_string(attribute)?)?;
    }
    text.push_str("}\n");
    Ok(text)
}
