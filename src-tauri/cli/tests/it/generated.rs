//! The completions and man pages of the package.

use crate::terminal::program;

#[test]
fn completions_and_man_pages_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    assert!(program().arg("generate").arg(folder.path()).status().unwrap().success());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for name in
        ["completions/binnacle-cli.bash", "completions/_binnacle-cli", "completions/binnacle-cli.fish"]
    {
        let text = read(name);
        assert!(text.contains("traces") && text.contains("otlp-grpc"), "{name}");
    }
    let page = read("man/binnacle-cli.1");
    assert!(page.contains(".TH binnacle\\-cli") || page.contains(".TH binnacle-cli"), "{page}");
    assert!(read("man/binnacle-cli-sentry-connect.1").contains("SENTRY_AUTH_TOKEN"));
}
