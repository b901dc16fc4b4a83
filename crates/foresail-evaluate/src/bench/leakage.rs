//! The gates of a run: those of alarm trains on every recording, and 2 to 8 on the training ones.
//!
//! Gate 1 is a property of the engine and stands in the tests. What these recordings cannot tell is
//! said in a note: that is no broken gate.

use rayon::prelude::*;

use super::load::Course;
use super::result::Extent;
use crate::gates::{
    self, Injection, LEAST_INJECTIONS, Lived, against_own_usual, described, injections,
    near_duplicates_are_counted, no_identity_and_no_clock, no_single_feature_tells_all,
    no_thresholded_definition, no_window_at_or_after_a_failure, scores,
    shuffled_labels_are_worth_nothing, targets_are_not_known_before, the_start_is_not_learned_from,
};
use crate::learned::{FitSettings, Lesson, Part, TrainError, fit};
use crate::result::{Gate, Role, Seeds};

/// Rows of a recording that are compared for near duplicates.
const COMPARED: usize = 400;

/// The gates of alarm trains on every recording.
pub(super) fn of_alarm_trains(courses: &[Course], seeds: Seeds) -> Vec<Gate> {
    let each = courses.par_iter().flat_map_iter(|course| {
        let gates = gates::alarm_train_gates(course.replayed(), seeds).into_iter();
        gates.map(|gate| Gate { detail: format!("{}: {}", course.name(), gate.detail), ..gate })
    });
    each.collect()
}

/// Gates 2 to 8 on the training recordings, and why some could not be tried. A reduced run fits
/// nothing for them.
pub(super) fn of_rows(
    courses: &[Course],
    (extent, seeds): (Extent, Seeds),
) -> Result<(Vec<Gate>, Vec<String>), TrainError> {
    let training: Vec<&Course> =
        courses.iter().filter(|one| one.loaded.role == Role::Training).collect();
    let lived: Vec<Lived<'_>> = training
        .iter()
        .map(|one| Lived { lesson: &one.lesson, ground: &one.replayed().ground })
        .collect();
    let lessons: Vec<&Lesson> = lived.iter().map(|one| one.lesson).collect();
    let settings = FitSettings::default();
    let features = settings.features.as_slice();
    let mut gates = vec![
        no_thresholded_definition(&described(features, &lessons)),
        no_window_at_or_after_a_failure(&lived),
        no_identity_and_no_clock(features, &lessons),
        the_start_is_not_learned_from(&lessons),
    ];
    let mut notes = Vec::new();
    if extent == Extent::Reduced {
        return Ok((gates, notes));
    }
    gates.push(no_single_feature_tells_all(features, &lessons));
    if lessons.len() < 2 {
        notes.push(
            "Gates 4, 5 and 8 need a second training recording and were not tried.".to_owned(),
        );
        return Ok((gates, notes));
    }
    match shuffled_labels_are_worth_nothing(&lessons, &settings, seeds.bootstrap) {
        Ok(gate) => gates.push(gate),
        Err(TrainError::OneClass) => notes.push(ONE_CLASS.to_owned()),
        Err(error) => return Err(error),
    }
    gates.push(near_duplicates_are_counted(&lessons, COMPARED));
    match before_injection(&lived, &settings) {
        Ok([plain, own]) if plain.len().min(own.len()) >= LEAST_INJECTIONS => {
            for (found, reading) in [(plain, "as scored"), (own, "against its own usual score")] {
                let gate = targets_are_not_known_before(&found, seeds.bootstrap);
                gates.push(Gate { name: format!("{}, {reading}", gate.name), ..gate });
            }
        }
        Ok([plain, _]) => notes.push(format!(
            "Gate 5 needs {LEAST_INJECTIONS} injected faults with something to compare; these \
             recordings have {}.",
            plain.len()
        )),
        Err(TrainError::OneClass) => notes.push(ONE_CLASS.to_owned()),
        Err(error) => return Err(error),
    }
    Ok((gates, notes))
}

/// Why a gate that fits models was not tried.
const ONE_CLASS: &str =
    "A gate that leaves a recording out was not tried: nothing fails in the rest.";

/// Every injection, by models that know neither the recording nor its applications: plain, and against
/// what is usual for the workload.
fn before_injection(
    lived: &[Lived<'_>],
    settings: &FitSettings,
) -> Result<[Vec<Injection>; 2], TrainError> {
    let one = |held_out: usize| {
        let lesson = lived[held_out].lesson;
        let others = lived.iter().enumerate().filter(|(number, _)| *number != held_out);
        let others: Vec<&Lesson> = others.map(|(_, one)| one.lesson).collect();
        let own: Vec<&str> = lesson.rows.units.iter().map(|unit| unit.namespace.as_str()).collect();
        let model = fit(Part { lessons: &others, without: &own }, settings)?;
        let said = scores(&model, lesson);
        let usual = against_own_usual(lived[held_out], &said);
        Ok([injections(lived[held_out], &said), injections(lived[held_out], &usual)])
    };
    let each: Vec<[Vec<Injection>; 2]> =
        (0..lived.len()).into_par_iter().map(one).collect::<Result<_, TrainError>>()?;
    let mut all = [Vec::new(), Vec::new()];
    for found in each {
        all.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
    }
    Ok(all)
}
