//! Files of a crate import each other in one direction.
//!
//! A module and its own children may import each other, but not in the crates of [`STRICT`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    Finding, Source,
    imports::{Imports, code},
};

/// Crates in which a child does not import from its parent's file either.
const STRICT: &[&str] = &["src-tauri/crates/store", "src-tauri/crates/engine"];
/// Re-exports that are followed one after the other, at most.
const MAX_EXPORTS: usize = 8;

/// A module as the names on the way to it; the root of a crate has none.
type Module = Vec<String>;

/// The files of one crate.
#[derive(Default)]
struct Crate<'a> {
    files: BTreeMap<Module, File<'a>>,
}

struct File<'a> {
    source: &'a Source,
    code: String,
    imports: Imports,
}

/// Reports a circle of imports once, at its first file.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Crate<'_>> = BTreeMap::new();
    for source in sources {
        let Some((folder, module)) = place(&source.path) else { continue };
        let code = code(&source.text);
        let imports = Imports::read(&code);
        crates.entry(folder).or_default().files.insert(module, File { source, code, imports });
    }
    crates.iter().flat_map(|(folder, files)| files.circles(STRICT.contains(folder))).collect()
}

/// Returns the folder of the crate and the module of a source file; none for other files.
fn place(path: &str) -> Option<(&str, Module)> {
    let (folder, file) = match path.strip_prefix("src-tauri/desktop/") {
        Some(file) => ("src-tauri/desktop", file),
        None => path.split_once("/src/").filter(|(folder, _)| folder.starts_with("src-tauri/"))?,
    };
    let mut module: Module = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| name == "tests") {
        return None;
    }
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    Some((folder, module))
}

impl Crate<'_> {
    fn circles(&self, is_strict: bool) -> Vec<Finding> {
        let arrows: BTreeMap<&Module, BTreeSet<Module>> =
            self.files.keys().map(|module| (module, self.imported(module, is_strict))).collect();
        let (mut findings, mut reported) = (Vec::new(), BTreeSet::new());
        for (module, file) in &self.files {
            let Some(circle) = shortest_circle(module, &arrows) else { continue };
            if circle.iter().any(|module| reported.contains(module)) {
                continue;
            }
            let names: Vec<String> = circle.iter().map(|module| module.join("/")).collect();
            findings.push(file.source.finding(1, format!("imports in a circle: {}", names.join(" -> "))));
            reported.extend(circle);
        }
        findings
    }

    /// Returns the modules from which `module` imports.
    fn imported(&self, module: &Module, is_strict: bool) -> BTreeSet<Module> {
        let file = &self.files[module];
        let paths = file.imports.paths.iter().filter_map(|path| self.absolute(module, path));
        let targets = paths.filter_map(|path| self.file_of(path));
        targets.filter(|target| target != module && (is_strict || !module.starts_with(target))).collect()
    }

    /// Returns a path from the root of the crate; none if it leads to another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let child = [module.as_slice(), std::slice::from_ref(first)].concat();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module.as_slice(), rest].concat()),
            "super" => {
                let parent = module.split_last()?.1.to_vec();
                match rest.first() {
                    Some(next) if next == "super" => self.absolute(&parent, rest),
                    _ => Some([parent.as_slice(), rest].concat()),
                }
            }
            _ => self.files.contains_key(&child).then(|| [module.as_slice(), path].concat()),
        }
    }

    /// Returns the module whose file declares the item at `path`.
    fn file_of(&self, mut path: Module) -> Option<Module> {
        for _ in 0..MAX_EXPORTS {
            let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
            let (module, rest) = (path[..length].to_vec(), path[length..].to_vec());
            let exported = rest.first().and_then(|name| self.export(&module, name));
            let Some(target) = exported else { return Some(module) };
            path = [target, rest[1..].to_vec()].concat();
        }
        None
    }

    /// Returns the path of a name that a module exports from elsewhere.
    fn export(&self, module: &Module, name: &str) -> Option<Module> {
        for (exported, path) in &self.files[module].imports.exports {
            let Some(mut target) = self.absolute(module, path) else { continue };
            if exported == name {
                return Some(target);
            }
            if exported == "*" {
                target.pop();
                if self.files.get(&target).is_some_and(|file| file.declares(name)) {
                    target.push(name.to_owned());
                    return Some(target);
                }
            }
        }
        None
    }
}

impl File<'_> {
    /// Returns whether the file declares a type, a function or a constant of this name, or exports
    /// it from elsewhere.
    fn declares(&self, name: &str) -> bool {
        let declared = ["struct", "enum", "trait", "type", "fn", "const", "static", "mod"];
        let words: Vec<&str> =
            self.code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        words.windows(2).any(|pair| declared.contains(&pair[0]) && pair[1] == name)
            || self.imports.exports.iter().any(|(exported, _)| exported == name)
    }
}

/// Returns the shortest way from a module back to itself, with the module at both ends.
fn shortest_circle(start: &Module, arrows: &BTreeMap<&Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut queue = VecDeque::from([vec![start.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = queue.pop_front() {
        for next in way.last().and_then(|module| arrows.get(module)).into_iter().flatten() {
            if next == start {
                return Some([way, vec![start.clone()]].concat());
            }
            if seen.insert(next.clone()) {
                queue.push_back([way.clone(), vec![next.clone()]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let source = |(path, text): &(&str, &str)| Source::new(format!("src-tauri/crates/{path}"), *text);
        let sources: Vec<Source> = files.iter().map(source).collect();
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_circle_of_siblings_is_reported_once() {
        let files = [
            ("x/src/lib.rs", "mod a;\nmod b;\npub use b::B;\n"),
            ("x/src/a.rs", "use crate::B;\n"),
            ("x/src/b.rs", "fn b() { super::a::f() }\n"),
        ];
        assert_eq!(found(&files), ["src-tauri/crates/x/src/a.rs:1: imports in a circle: a -> b -> a"]);
        assert!(found(&files[..2]).is_empty());
    }

    #[test]
    fn a_module_and_its_child_may_import_each_other_but_not_in_strict_crates() {
        let files = |name| {
            [
                (format!("{name}/src/a.rs"), "mod b;\nuse self::b::B;\nconst A: u8 = 1;\n"),
                (format!("{name}/src/a/b.rs"), "use super::A;\n"),
            ]
        };
        let found = |name| {
            let files = files(name);
            found(&files.each_ref().map(|(path, text)| (path.as_str(), *text))).len()
        };
        assert_eq!((found("x"), found("store")), (0, 1));
    }

    #[test]
    fn tests_and_other_crates_do_not_count() {
        let files = [
            ("x/src/a.rs", "use y::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n"),
            ("x/src/b.rs", "use crate::a::A;\n"),
        ];
        assert!(found(&files).is_empty());
    }
}
