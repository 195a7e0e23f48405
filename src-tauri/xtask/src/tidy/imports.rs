//! Reading of the paths that a Rust file takes from other files of its crate.

/// The paths of one file, as they are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports {
    /// Paths of `use` and of the code.
    pub(super) paths: Vec<Vec<String>>,
    /// Names that `pub use` exports again, with their paths. The name of a whole module is `*`.
    pub(super) exports: Vec<(String, Vec<String>)>,
}

impl Imports {
    /// Reads the imports of code without comments and tests.
    pub(super) fn read(code: &str) -> Self {
        let mut imports = Self::default();
        for statement in code.split(';') {
            let lines: Vec<&str> = statement.lines().collect();
            let first = lines.iter().position(|line| tree(line).is_some()).unwrap_or(lines.len());
            imports.paths.extend(lines[..first].iter().flat_map(|line| written_paths(line)));
            let joined = lines[first..].join(" ");
            let Some((is_exported, tree)) = tree(&joined) else { continue };
            for (name, path) in branches(tree) {
                imports.paths.push(path.clone());
                if is_exported {
                    imports.exports.push((name, path));
                }
            }
        }
        imports
    }
}

/// Returns the code of a file without comments and without its unit tests.
pub(super) fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the tree of a `use` declaration, and whether it is exported.
fn tree(declaration: &str) -> Option<(bool, &str)> {
    let text = declaration.trim_start();
    let Some(rest) = text.strip_prefix("pub") else {
        return text.strip_prefix("use ").map(|tree| (false, tree));
    };
    let visible = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    visible.trim_start().strip_prefix("use ").map(|tree| (true, tree))
}

/// Splits a tree into its names and paths.
fn branches(tree: &str) -> Vec<(String, Vec<String>)> {
    let tree = tree.trim();
    if let Some((prefix, inside)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        let prefix = segments(prefix);
        let inner = split_outside_braces(inside).into_iter().flat_map(branches);
        return inner
            .map(|(name, path)| match (name.as_str(), prefix.last()) {
                ("self", Some(last)) => (last.clone(), prefix.clone()),
                _ => (name, [prefix.clone(), path].concat()),
            })
            .collect();
    }
    let (path, renamed) = tree.split_once(" as ").unwrap_or((tree, ""));
    let path = segments(path);
    let name = if renamed.is_empty() { path.last().cloned() } else { Some(renamed.trim().to_owned()) };
    name.map(|name| (name, path)).into_iter().collect()
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}

fn split_outside_braces(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// Returns the paths in a line of code.
fn written_paths(line: &str) -> Vec<Vec<String>> {
    let words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':');
    words.filter(|word| word.contains("::")).map(segments).filter(|path| path.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        segments(text)
    }

    #[test]
    fn paths_of_uses_and_of_code_are_read() {
        let text = "mod a;\nuse crate::{\n    b::{self, C}, // d::E\n    f as g,\n};\n\
            pub(crate) use self::h::I;\npub use j::*;\nfn k() {\n    super::l::m(n);\n}\n\
            #[cfg(test)]\nmod tests {\n    use o::P;\n}\n";
        let imports = Imports::read(&code(text));
        let paths = ["crate::b", "crate::b::C", "crate::f", "self::h::I", "j::*", "super::l::m"];
        assert_eq!(imports.paths, paths.map(path));
        let exports = [("I".to_owned(), path("self::h::I")), ("*".to_owned(), path("j::*"))];
        assert_eq!(imports.exports, exports);
        assert_eq!(branches("crate::f as g"), [("g".to_owned(), path("crate::f"))]);
    }
}
