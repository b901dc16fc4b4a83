//! What several models say of one unit, taken together.
//!
//! ```text
//!  predictions of a unit, best first ──> Voices of one kind   the best leads; a limit and a time
//!                                                             come from whoever has them
//!                                    └─> ranked causes        models that agree share one cause
//! ```

use foresail_core::{
    Basis, Cause, FailureKind, Prediction, Probability, Tier, TimeScale, TimeToEvent,
};

use super::Group;
use super::policy::AlarmPolicy;

/// Most causes that an alarm names.
const MOST_CAUSES: usize = 8;

/// The predictions of one kind of one unit, best first, one of each model.
pub(super) struct Voices<'p>(Vec<&'p Prediction>);

// === impl Voices ===

impl<'p> Voices<'p> {
    /// What `group` (best first) says of `kind`; `None` if nothing.
    pub(super) fn of(group: &Group<'p>, kind: FailureKind) -> Option<Self> {
        let mut voices: Vec<&'p Prediction> = Vec::new();
        for prediction in group.iter().filter(|prediction| prediction.kind == kind) {
            if voices.iter().all(|voice| voice.model != prediction.model) {
                voices.push(prediction);
            }
        }
        (!voices.is_empty()).then_some(Self(voices))
    }

    /// The one with the highest score.
    fn lead(&self) -> Option<&'p Prediction> {
        self.0.first().copied()
    }

    /// The one that sees a limit, else the lead.
    fn measured(&self) -> Option<&'p Prediction> {
        self.0.iter().copied().find(|voice| voice.basis.is_some()).or_else(|| self.lead())
    }

    /// The probability that the lead gives.
    pub(super) fn probability(&self) -> Option<Probability> {
        self.lead().and_then(Prediction::probability)
    }

    /// When: by the way to a limit where somebody sees one, else by whoever gives a time. It stays
    /// with one model while the lead changes, so that a change of the lead is no halving.
    pub(super) fn time(&self) -> Option<TimeToEvent> {
        let measured = self.measured().and_then(Prediction::time_to_event);
        measured.or_else(|| self.0.iter().find_map(|voice| voice.time_to_event()))
    }

    /// The limit that it runs toward, where somebody sees one.
    pub(super) fn basis(&self) -> Option<&'p Basis> {
        self.measured().and_then(|voice| voice.basis.as_ref())
    }

    /// The sentence of the lead.
    pub(super) fn sentence(&self) -> &'p str {
        self.lead().map_or("", |lead| &lead.sentence)
    }

    /// How loud they are together.
    pub(super) fn tier(&self, policy: &AlarmPolicy, scale: TimeScale) -> Tier {
        policy.tier((self.probability(), self.time()), scale)
    }

    /// Whether `prediction` says the same of the same pod, as another model.
    fn takes(&self, prediction: &Prediction) -> bool {
        self.0.iter().all(|voice| {
            let apart = voice.pod.is_some() && prediction.pod.is_some();
            voice.kind == prediction.kind
                && voice.model != prediction.model
                && (!apart || voice.pod == prediction.pod)
        })
    }

    fn cause(&self) -> Option<Cause> {
        let (lead, measured) = (self.lead()?, self.measured()?);
        let object = match (&measured.basis, &lead.pod) {
            (Some(basis), _) => basis.object.clone(),
            (None, Some(pod)) => pod.clone(),
            (None, None) => lead.unit.to_string(),
        };
        let class = measured.basis.as_ref().map_or_else(
            || lead.kind.to_string(),
            |basis| format!("{}_growth", basis.quantity.as_str()),
        );
        let confidence = lead.probability().map_or(lead.score, Probability::get);
        Some(Cause { object, cause: class, confidence, evidence: self.evidence() })
    }

    /// What each says; where several speak, who says it.
    fn evidence(&self) -> Vec<String> {
        let several = self.0.len() > 1;
        let said = |voice: &&'p Prediction| {
            let sentence = if several {
                format!("{}: {}", voice.model, voice.sentence)
            } else {
                voice.sentence.clone()
            };
            let more = voice.evidence.iter().filter(|text| **text != voice.sentence).cloned();
            std::iter::once(sentence).chain(more).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(said).collect()
    }
}

/// The ranked causes: one for each prediction folded into the alarm, models that agree together.
pub(super) fn causes(group: &Group<'_>) -> Vec<Cause> {
    let mut all: Vec<Voices<'_>> = Vec::new();
    for prediction in group {
        match all.iter_mut().find(|voices| voices.takes(prediction)) {
            Some(voices) => voices.0.push(prediction),
            None => all.push(Voices(vec![prediction])),
        }
    }
    all.iter().take(MOST_CAUSES).filter_map(Voices::cause).collect()
}
