//! Arbitrary texts in the search language.

use proptest::prelude::*;
use query::{describe, parse_log_search, parse_trace_search};

fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("\"".to_owned()),
        Just(" OR ".to_owned()),
        Just(" AND ".to_owned()),
        Just("NOT ".to_owned()),
        Just("-".to_owned()),
        Just(" ".to_owned()),
        Just("\\".to_owned()),
        Just("*".to_owned()),
        "[<>=!:~]{1,2}",
        "(severity|level|duration|status|service|http\\.code)",
        "[a-zé0-9]{1,4}",
        "[0-9]{1,3}(ms|s|µs|h)",
    ];
    proptest::collection::vec(fragment, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_parsed_or_rejected_with_a_position_in_it(text in prop_oneof![fragments(), ".{0,80}"]) {
        for parsed in [parse_log_search(&text), parse_trace_search(&text)] {
            match parsed {
                Ok(filter) => prop_assert!(!describe(&filter).is_empty()),
                Err(query::QueryError::Search { position, message }) => {
                    prop_assert!(position >= 1 && position <= text.chars().count() + 1);
                    prop_assert!(!message.is_empty());
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }

    #[test]
    fn parentheses_around_a_search_change_nothing(text in fragments()) {
        if let Ok(filter) = parse_log_search(&text)
            && !text.trim().is_empty()
        {
            prop_assert_eq!(parse_log_search(&format!("( {text} )")).ok(), Some(filter));
        }
    }
}
