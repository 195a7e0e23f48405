//! The help of every command.

use crate::terminal::{assert_recorded, program};

/// Returns the help of a command.
fn help(command: &[&str]) -> String {
    let output = program().args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the names of the commands that a help lists.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_help_of_every_command_is_the_recorded_one() {
    let mut pending = vec![Vec::<String>::new()];
    let mut recorded = 0;
    while let Some(command) = pending.pop() {
        let names: Vec<&str> = command.iter().map(String::as_str).collect();
        let text = help(&names);
        for name in commands(&text).into_iter().filter(|name| name != "help") {
            pending.push([command.clone(), vec![name]].concat());
        }
        let name = if command.is_empty() { "binnacle-cli".to_owned() } else { command.join("-") };
        assert_recorded(&format!("help/{name}.txt"), &text);
        recorded += 1;
    }
    assert!(recorded > 20, "{recorded} commands");
}
