//! The help is a contract: a change of it shows here.

use crate::program::run;

#[test]
fn the_help_of_every_command_has_an_example() {
    for command in [
        &["--help"][..],
        &["demo", "--help"],
        &["recording", "inspect", "--help"],
        &["outcomes", "--help"],
        &["backtest", "--help"],
        &["record", "--help"],
        &["simulate", "--help"],
        &["bench", "--help"],
        &["data", "inspect", "--help"],
        &["train", "--help"],
        &["evaluate", "--help"],
        &["predict", "--help"],
        &["models", "--help"],
        &["top", "--help"],
    ] {
        let help = run(command);
        assert_eq!(help.code, Some(0));
        assert!(help.stdout.contains("Example:\n  foresail "), "{}", help.stdout);
        let name = match command {
            [_] => "foresail".to_owned(),
            [words @ .., _] => words.join("-"),
            [] => unreachable!("every command has words"),
        };
        insta::assert_snapshot!(name, help.stdout);
    }
}

#[test]
fn a_wrong_option_exits_with_two() {
    let wrong = run(&["outcomes", "--nonsense"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.starts_with("error: "), "{}", wrong.stderr);
}

#[test]
fn a_requirement_that_cannot_be_read_is_wrong_use() {
    let wrong = run(&["backtest", "--recording", "x", "--require", "er=>0.3"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("condition `er=>0.3`"), "{}", wrong.stderr);
}

#[test]
fn a_budget_that_is_not_offered_is_wrong_use() {
    let wrong = run(&["backtest", "--recording", "x", "--budget", "0.7"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("0.1, 0.5, 1"), "{}", wrong.stderr);
}
