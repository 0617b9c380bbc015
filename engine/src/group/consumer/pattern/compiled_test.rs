//! Patterns as RE2/J 1.8 takes them, which is what Kafka 4.3.1 matches with: the table holds what
//! it said to each pattern, `E` and its words, or a digit for each name in the first line.

use super::*;

const TABLE: &str = include_str!("re2j.tsv");

fn pattern(text: &str) -> Result<Pattern, SyntaxError> {
    Pattern::compile(&Arc::from(text))
}

#[test]
fn patterns_are_taken_refused_and_matched_as_by_re2() {
    let (names, table) = TABLE.split_once('\n').unwrap();
    let names: Vec<&str> = names.trim_start_matches('#').split(' ').collect();
    let mut rows = 0;
    for row in table.lines() {
        let (text, expected) = row.split_once('\t').unwrap();
        let found = match pattern(text) {
            Ok(pattern) => {
                names.iter().map(|name| if pattern.matches(name) { '1' } else { '0' }).collect()
            }
            Err(SyntaxError::TooLarge) if text.contains("{100}){100}") => continue,
            Err(error) => format!("E {error}"),
        };
        assert_eq!(found, expected, "{text}");
        rows += 1;
    }
    assert!(rows > 140, "{rows}");
}

#[test]
fn a_pattern_that_would_take_much_memory_is_refused() {
    assert_eq!(pattern("((a{100}){100}){100}").err(), Some(SyntaxError::TooLarge));
    assert!(pattern("(a{10}){200}").is_ok());
}

#[test]
fn the_answer_names_the_pattern_and_the_fault() {
    let told = check(&Arc::from("a[")).unwrap_err().to_string();
    let expected =
        "SubscribedTopicRegex `a[` is not a valid regular expression: missing closing ].";
    assert_eq!(told, expected);
}
