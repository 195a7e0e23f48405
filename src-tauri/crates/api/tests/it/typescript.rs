//! The console's types equal those of the command list.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Reads every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// With `BINNACLE_UPDATE_TYPES=1` the committed files are updated instead.
#[test]
fn generated_types_are_up_to_date() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/backend/generated");
    if std::env::var_os("BINNACLE_UPDATE_TYPES").is_some() {
        // Types that are gone leave no file.
        fs::remove_dir_all(&committed).unwrap();
        api::typescript::write_into(&committed).unwrap();
        return;
    }
    let fresh = tempfile::tempdir().unwrap();
    api::typescript::write_into(&fresh.path().join("types")).unwrap();
    let (fresh, committed) = (files(&fresh.path().join("types")), files(&committed));
    let differing: Vec<&PathBuf> = fresh
        .keys()
        .chain(committed.keys())
        .filter(|name| fresh.get(*name) != committed.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "out of date: {differing:?}; run `BINNACLE_UPDATE_TYPES=1 cargo test -p api --test it`"
    );
}
