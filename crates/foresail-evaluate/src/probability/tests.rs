use super::*;

fn pair(said: f64, happened: bool) -> Pair {
    Pair { said, happened, climatology: 0.5 }
}

fn scope() -> Scope {
    Scope::PooledJudged
}

fn label() -> ProbabilityLabel {
    ProbabilityLabel { scope: scope(), horizon_production_minutes: 100.0, pairs: PairSet::Given }
}

#[test]
fn brier_and_skill_are_computed_by_hand() {
    let row = probability_row(label(), &[pair(0.8, true), pair(0.4, false)]);
    // (0.04 + 0.16) / 2 against 0.25 of the climatology.
    assert!((row.brier.unwrap() - 0.1).abs() < 1e-12);
    assert!((row.brier_skill.unwrap() - 0.6).abs() < 1e-12);
}

#[test]
fn calibration_is_the_mean_distance_over_bins_of_equal_mass() {
    // Two pairs a bin: eight bins are .4 off and seven .2.
    let pairs = [vec![pair(0.4, false); 16], vec![pair(0.8, true); 14]].concat();
    let row = probability_row(label(), &pairs);
    assert!((row.ece.unwrap() - (8.0 * 0.4 + 7.0 * 0.2) / 15.0).abs() < 1e-12);
    // The top 1 % of 30 pairs is three tenths of one.
    assert!((row.ece_top_percent.unwrap() - 0.2).abs() < 1e-12);
}

#[test]
fn calibration_is_withheld_without_skill() {
    let row = probability_row(label(), &[pair(0.9, false), pair(0.1, true)]);
    assert!(row.brier_skill.unwrap() < 0.0);
    assert_eq!(row.ece, None);
    assert!(row.ece_withheld.unwrap().contains("not above 0"));
}

#[test]
fn nothing_said_gives_nothing_to_say() {
    let row = probability_row(label(), &[]);
    assert_eq!((row.brier, row.base_rate, row.ece), (None, None, None));
    assert_eq!(time_row(scope(), &[], 1).coverage, None);
}

#[test]
fn announced_times_are_scored_by_hand() {
    let announced = [
        Announced { incident: 0, said: [10.0, 20.0, 40.0], really: 30.0 },
        Announced { incident: 1, said: [10.0, 20.0, 40.0], really: 50.0 },
    ];
    let row = time_row(scope(), &announced, 1);
    // At .9: 0.1 × 10 too long for the first, 0.9 × 10 too short for the second.
    assert!((row.pinball_production_minutes[2].unwrap() - 5.0).abs() < 1e-12);
    assert!((row.pinball_production_minutes[1].unwrap() - (5.0 + 15.0) / 2.0).abs() < 1e-12);
    assert!((row.coverage.unwrap().value - 0.5).abs() < 1e-12);
    assert_eq!(row.incidents, 2);
}

#[test]
fn silence_counts_among_all_pairs_and_not_among_the_given() {
    let silent = pairs::Outcome { said: None, happened: true };
    let spoken = pairs::Outcome { said: Some(0.0), happened: false };
    assert!(PairSet::All.holds(&silent) && PairSet::All.holds(&spoken));
    assert!(!PairSet::Given.holds(&silent) && PairSet::Given.holds(&spoken));
}
