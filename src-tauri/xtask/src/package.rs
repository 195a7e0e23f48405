//! `cargo xtask package`: a .deb with both programs, DuckDB's library, icons and a menu entry.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    duckdb, licences,
    process::{check, is_installed, output, say},
    run,
    system::{OPENED_AT_RUN_TIME, Purpose},
    workspace,
};

const ENTRY: &str = "\
[Desktop Entry]
Type=Application
Name=Binnacle
GenericName=Monitoring console
Comment=Metrics, logs, traces, health checks and alerts on your own machine
Exec=binnacle
Icon=binnacle
Terminal=false
Categories=Development;Monitor;System;
Keywords=monitoring;metrics;logs;traces;alerts;OpenTelemetry;
StartupWMClass=Binnacle
";

const OPTIONS: [&str; 2] = ["--debug", "--built"];

/// Builds the package and gives its path. `--debug` packages the development build, `--built` the
/// programs as they are.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<PathBuf> {
    ensure!(
        is_installed("dpkg-deb") && is_installed("dpkg-shlibdeps"),
        "a .deb is made on Debian with dpkg-dev installed"
    );
    if let Some(unknown) = arguments.iter().find(|argument| !OPTIONS.contains(&argument.as_str())) {
        bail!("there is no option {unknown:?}; there are {}", OPTIONS.join(" and "));
    }
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let debug = has("--debug");
    let (profile, built) = if debug { ("dev", "debug") } else { ("release", "release") };
    if !has("--built") {
        run::set_up(Purpose::Run)?;
        run::build(profile)?;
    }
    let built = workspace::target().join(built);
    let folder = workspace::target().join("package");
    let tree = folder.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    say("laying out the package");
    lay_out(&built, &tree)?;
    install_documentation(&built.join("binnacle-cli"), &folder.join("generated"), &tree.join("usr/share"))?;
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    write_control(&folder, &tree, &architecture)?;
    let package = folder.join(format!("binnacle_{}_{architecture}.deb", env!("CARGO_PKG_VERSION")));
    // The development build is large and only tried out, so it is packed quickly.
    let compression = if debug { ("-Zgzip", "-z1") } else { ("-Zxz", "-z6") };
    check(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "--uniform-compression", compression.0, compression.1, "--build"])
            .args([&tree, &package]),
    )?;
    let bytes = fs::metadata(&package)?.len();
    say(&format!("{} has {:.1} MB", package.display(), bytes as f64 / 1e6));
    Ok(package)
}

fn lay_out(built: &Path, tree: &Path) -> anyhow::Result<()> {
    let root = workspace::root();
    for name in ["binnacle", "binnacle-cli"] {
        let program = tree.join("usr/bin").join(name);
        copy(&built.join(name), &program)?;
        check(Command::new("strip").arg("--strip-unneeded").arg(&program))?;
    }
    copy(
        &workspace::duckdb().join(duckdb::library_name()),
        &tree.join("usr/lib/binnacle").join(duckdb::library_name()),
    )?;
    for size in ["32", "128", "256", "512"] {
        let icon = tree.join(format!("usr/share/icons/hicolor/{size}x{size}/apps/binnacle.png"));
        copy(&root.join(format!("icons/{size}.png")), &icon)?;
    }
    write(&tree.join("usr/share/applications/binnacle.desktop"), ENTRY)?;
    let licences = ["LICENSE-MIT", "LICENSE-APACHE"].map(|name| fs::read_to_string(root.join(name)));
    let mut copyright =
        String::from("Binnacle is licensed under the MIT licence or the Apache licence 2.0.\n");
    for licence in licences {
        copyright.push_str("\n----\n\n");
        copyright.push_str(&licence?);
    }
    copyright.push_str("\n----\n\nusr/lib/binnacle holds DuckDB:\n\n");
    copyright.push_str(&fs::read_to_string(workspace::duckdb().join("LICENSE"))?);
    let folder = tree.join("usr/share/doc/binnacle");
    write(&folder.join("copyright"), &copyright)?;
    write(&folder.join("THIRD-PARTY-NOTICES"), &licences::notices()?)
}

/// Installs the shell completions and man pages that the program generates. They are written anew,
/// because only their owner can read the generated files.
fn install_documentation(program: &Path, generated: &Path, share: &Path) -> anyhow::Result<()> {
    if generated.exists() {
        fs::remove_dir_all(generated)?;
    }
    check(Command::new(program).arg("generate").arg(generated))?;
    for (file, target) in [
        ("binnacle-cli.bash", "bash-completion/completions/binnacle-cli"),
        ("_binnacle-cli", "zsh/vendor-completions/_binnacle-cli"),
        ("binnacle-cli.fish", "fish/vendor_completions.d/binnacle-cli.fish"),
    ] {
        let text = fs::read_to_string(generated.join("completions").join(file))?;
        write(&share.join(target), &text)?;
    }
    for page in fs::read_dir(generated.join("man"))? {
        let page = page?.path();
        let name = page.file_name().context("a man page without a name")?;
        let target = share.join("man/man1").join(name);
        write(&target, &fs::read_to_string(&page)?)?;
        // Without a name and a time inside, so that the package is reproducible.
        check(Command::new("gzip").args(["-9", "--no-name"]).arg(&target))?;
    }
    Ok(())
}

fn write_control(folder: &Path, tree: &Path, architecture: &str) -> anyhow::Result<()> {
    // dpkg-shlibdeps runs only inside a source package.
    write(&folder.join("debian/control"), "Source: binnacle\n\nPackage: binnacle\nArchitecture: any\n")?;
    let library_folder = format!("-l{}", tree.join("usr/lib/binnacle").display());
    let dependencies = output(
        Command::new("dpkg-shlibdeps")
            .current_dir(folder)
            .args(["-O", "--ignore-missing-info", &library_folder])
            .args(["binnacle", "binnacle-cli"].map(|name| tree.join("usr/bin").join(name))),
    )?;
    let linked = dependencies
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="))
        .context("dpkg-shlibdeps printed no dependencies of the programs")?;
    let kibibytes = output(Command::new("du").args(["-sk", "--apparent-size"]).arg(tree))?;
    let kibibytes = kibibytes.split_whitespace().next().unwrap_or("0");
    let version = env!("CARGO_PKG_VERSION");
    let control = format!(
        "Package: binnacle\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: The Binnacle authors\n\
         Installed-Size: {kibibytes}\nDepends: {linked}, {OPENED_AT_RUN_TIME}\nSection: utils\nPriority: optional\n\
         Description: local-first monitoring console\n Collects metrics, logs and traces of this machine, of your \
         applications and of the\n systems you run, checks health, raises alerts on the desktop and analyses\n \
         performance. Nothing leaves the machine.\n"
    );
    write(&tree.join("DEBIAN/control"), &control)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    make_parent(to)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    make_parent(path)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn make_parent(path: &Path) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(())
}
