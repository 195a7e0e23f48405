//! DuckDB's library: fetched once by exact version from the npm registry, its integrity verified.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha512};

use crate::{
    process::{self, say},
    workspace,
};

const VERSION: &str = "1.5.6-r.1";

/// Operating system, processor, package, SHA-512 of the package's archive in base64.
const PLATFORMS: &[(&str, &str, &str, &str)] = &[(
    "linux",
    "x86_64",
    "@duckdb/node-bindings-linux-x64",
    "IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==",
)];

/// Returns the library's file name on this platform.
pub(crate) fn library_name() -> &'static str {
    if cfg!(windows) {
        "duckdb.dll"
    } else if cfg!(target_os = "macos") {
        "libduckdb.dylib"
    } else {
        "libduckdb.so"
    }
}

/// Fetches the library into the folder in which cargo finds it.
pub(crate) fn prepare() -> anyhow::Result<()> {
    let folder = workspace::duckdb();
    let stamp = folder.join("VERSION");
    if fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION)
        && folder.join(library_name()).exists()
    {
        return Ok(());
    }
    let Some((_, _, package, digest)) = PLATFORMS.iter().find(|(system, processor, ..)| {
        *system == std::env::consts::OS && *processor == std::env::consts::ARCH
    }) else {
        bail!(
            "no DuckDB library is pinned for {} on {}; build it from source with \
             `cargo build --features store/bundled-duckdb` (about an hour on two cores)",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
    };
    say(&format!("fetching DuckDB's library ({package} {VERSION})"));
    fs::create_dir_all(&folder)?;
    let fetched = fetch(package, digest, &folder);
    fetched.with_context(|| format!("cannot prepare {}", folder.display()))?;
    fs::write(stamp, VERSION)?;
    Ok(())
}

fn fetch(package: &str, digest: &str, folder: &Path) -> anyhow::Result<()> {
    let specifier = format!("{package}@{VERSION}");
    let printed = process::output(&mut process::command("npm", &["pack", "--silent", &specifier], folder))?;
    let archive = folder.join(printed.lines().last().unwrap_or_default().trim());
    let bytes = fs::read(&archive).with_context(|| format!("npm left no {}", archive.display()))?;
    fs::remove_file(&archive)?;
    let found = STANDARD.encode(Sha512::digest(&bytes));
    ensure!(found == digest, "{specifier} has the integrity sha512-{found}, expected sha512-{digest}");
    let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut seen = false;
    for entry in unpacked.entries()? {
        let mut entry = entry?;
        let name =
            entry.path()?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name == library_name() || name == "LICENSE" {
            seen |= name == library_name();
            let beside = folder.join(format!("{name}.new"));
            std::io::copy(&mut entry, &mut File::create(&beside)?)?;
            fs::rename(beside, folder.join(name))?;
        }
    }
    ensure!(seen, "{specifier} holds no {}", library_name());
    Ok(())
}

/// Puts the library beside the programs of a build profile, where they load it from.
pub(crate) fn place_beside(profile_folder: &Path) -> anyhow::Result<()> {
    let (from, to) = (workspace::duckdb().join(library_name()), profile_folder.join(library_name()));
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    if length(&from) != length(&to) {
        fs::create_dir_all(profile_folder)?;
        let beside = profile_folder.join(format!("{}.new", library_name()));
        fs::copy(&from, &beside)?;
        fs::rename(beside, to)?;
    }
    Ok(())
}
