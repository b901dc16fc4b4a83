//! Which alarms may wake somebody: observe mode and the page budget of a cluster.
//!
//! ```text
//!  AlarmChange::Raised ──┐                       ┌─> Page
//!  AlarmChange::Renewed ─┴─> tier? ─> observing? ─> budget? ─> Hold { reason in words }
//!                                      ^               ^
//!                     outcomes scored ─┘               └─ what became of the pages so far
//! ```
//!
//! A new cluster starts in *observe*: everything is predicted, scored and shown, nothing pages.
//! [`decide`] is pure; [`PagingState`] is all it remembers and belongs to the restart point.
//! All durations are wall time: they protect people, whatever the time scale.

#[cfg(test)]
mod tests;

use std::fmt;

use foresail_core::{Alarm, AlarmChange, AlarmId, PlatformDuration, Tier, Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::first_passage;

/// Most pages that are remembered; beyond it nothing pages, which a budget never comes near.
const PAGES_KEPT: usize = 1_000;

/// Whether alarms page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagingMode {
    /// After the time or the outcomes that observing takes.
    #[default]
    Auto,
    /// Never, until a person says otherwise.
    Observe,
    /// From the start: a person says so.
    On,
}

/// Whether first-passage alarms page while the rest is observed: they rest on a limit and a slope,
/// not on what was learned elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyFirstPassage {
    /// They page.
    Yes,
    /// They wait as well.
    #[default]
    No,
}

/// How many false pages a cluster may cost its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageBudget {
    /// False pages.
    pub false_pages: u32,
    /// In this time, sliding.
    pub within: PlatformDuration,
}

/// The settings of paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PagingSettings {
    /// Whether alarms page.
    pub mode: PagingMode,
    /// How long a new cluster is observed …
    pub observe_for: PlatformDuration,
    /// … unless so many outcomes are scored before.
    pub observe_outcomes: u32,
    /// Whether first-passage alarms page while observing.
    pub early_first_passage: EarlyFirstPassage,
    /// How many false pages are allowed.
    pub budget: PageBudget,
}

/// What became of an alarm so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFate {
    /// What it announces can still come.
    Pending,
    /// Nothing of the sort happened.
    False,
    /// It came, or nobody can say: somebody acted, or the unit was failing already.
    NotFalse,
}

/// Which alarm: numbers begin anew when the engine's memory is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlarmKey {
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Its number.
    pub id: AlarmId,
}

/// What the scores say as of a tick.
#[derive(Clone, Copy)]
pub struct Scored<'a> {
    /// Outcomes scored since the cluster was first observed.
    pub outcomes: u64,
    /// What became of an alarm; [`PageFate::Pending`] for one it does not know.
    pub fate: &'a dyn Fn(AlarmKey) -> PageFate,
}

/// What paging remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PagingState {
    /// When the cluster was first observed.
    began_at: Option<Timestamp>,
    /// When observing ended in mode `auto`: it does not begin again.
    graduated_at: Option<Timestamp>,
    /// Pages inside the budget's time, oldest first.
    pages: Vec<Page>,
}

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    alarm: AlarmKey,
    at: Timestamp,
    /// How likely it was to be false when it was sent, `0.0..=1.0`.
    doubt: f64,
}

/// Whether an alarm that was said at this tick pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The alarm.
    pub alarm: AlarmKey,
    /// What it is about.
    pub unit: Unit,
    /// Whether it pages.
    pub verdict: PageVerdict,
}

/// Whether an alarm pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageVerdict {
    /// It pages.
    Page,
    /// It is only shown.
    Hold(HoldReason),
}

/// Why an alarm does not page; Display gives the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// It is not loud enough.
    Tier(Tier),
    /// It has paged before.
    Paged,
    /// The cluster is new.
    Observing {
        /// Outcomes scored.
        outcomes: u64,
        /// Outcomes that end observing.
        of_outcomes: u32,
        /// The day, the first being 1.
        day: u32,
        /// Days that end observing.
        of_days: f64,
    },
    /// A person wants it so.
    SetToObserve,
    /// Too many pages of late were false, or are likely to be.
    BudgetUsed {
        /// Pages inside the time that were false.
        false_pages: u32,
        /// Pages inside the time of which that is not known yet.
        pending: u32,
        /// The budget.
        budget: PageBudget,
    },
}

/// Whether the cluster pages at all, for people to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagingStatus {
    /// Alarms page.
    Paging,
    /// They do not, and why.
    Holding(HoldReason),
}

// === impl PageBudget ===

impl Default for PageBudget {
    fn default() -> Self {
        Self { false_pages: 2, within: PlatformDuration::from_seconds(12 * 3_600) }
    }
}

// === impl PagingSettings ===

impl Default for PagingSettings {
    fn default() -> Self {
        Self {
            mode: PagingMode::Auto,
            observe_for: PlatformDuration::from_seconds(7 * 86_400),
            observe_outcomes: 20,
            early_first_passage: EarlyFirstPassage::No,
            budget: PageBudget::default(),
        }
    }
}

// === impl AlarmKey ===

impl AlarmKey {
    /// The key of an alarm.
    #[must_use]
    pub const fn of(alarm: &Alarm) -> Self {
        Self { raised_at: alarm.raised_at, id: alarm.id }
    }
}

// === impl Scored ===

impl fmt::Debug for Scored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scored").field("outcomes", &self.outcomes).finish_non_exhaustive()
    }
}

// === impl PagingState ===

impl PagingState {
    /// Whether alarms page as of `at`; `None` before the first tick.
    ///
    /// First-passage alarms that page early do not change it.
    #[must_use]
    pub fn status(
        &self,
        settings: &PagingSettings,
        (scored, at): (Scored<'_>, Timestamp),
    ) -> PagingStatus {
        let held = self.observing(settings, (scored, at));
        match held.or_else(|| self.spent(settings.budget, (scored, at))) {
            None => PagingStatus::Paging,
            Some(reason) => PagingStatus::Holding(reason),
        }
    }

    /// When the cluster was first observed.
    #[must_use]
    pub const fn began_at(&self) -> Option<Timestamp> {
        self.began_at
    }

    /// Why the mode holds pages back, if it does.
    fn observing(
        &self,
        settings: &PagingSettings,
        (scored, at): (Scored<'_>, Timestamp),
    ) -> Option<HoldReason> {
        match settings.mode {
            PagingMode::On => None,
            PagingMode::Observe => Some(HoldReason::SetToObserve),
            PagingMode::Auto if self.graduated_at.is_some() => None,
            PagingMode::Auto => {
                let began_at = self.began_at.unwrap_or(at);
                if is_over(settings, began_at, (scored, at)) {
                    return None;
                }
                Some(HoldReason::Observing {
                    outcomes: scored.outcomes,
                    of_outcomes: settings.observe_outcomes,
                    day: days(at.since(began_at)).floor().max(0.0) as u32 + 1,
                    of_days: days(settings.observe_for),
                })
            }
        }
    }

    /// Why the budget holds pages back, if it does.
    fn spent(
        &self,
        budget: PageBudget,
        (scored, at): (Scored<'_>, Timestamp),
    ) -> Option<HoldReason> {
        let (mut used, mut false_pages, mut pending) = (0.0, 0, 0);
        let counted = self.pages.iter().filter(|page| at.since(page.at) < budget.within);
        for page in counted {
            match (scored.fate)(page.alarm) {
                PageFate::False => {
                    used += 1.0;
                    false_pages += 1;
                }
                PageFate::Pending => {
                    used += page.doubt;
                    pending += 1;
                }
                PageFate::NotFalse => {}
            }
        }
        let is_full = used >= f64::from(budget.false_pages) || self.pages.len() >= PAGES_KEPT;
        is_full.then_some(HoldReason::BudgetUsed { false_pages, pending, budget })
    }
}

// === free functions ===

/// Decides of every alarm that was raised or said again at `at` whether it pages.
///
/// Call it every tick, with or without changes. An alarm that is held may page when it is said again.
///
/// # The budget
/// It is of *false* pages. Of the pages sent within its time, one judged false so far counts 1 and one
/// that hit counts 0, as does one of which nobody can say (somebody acted, the unit was failing
/// already). One that can still come true counts as likely as it was to be false when it was sent
/// (1 less its probability): otherwise a storm would page without end until the first are judged. As
/// soon as the sum reaches the budget, alarms are only shown; they page again as pages turn out true
/// or leave the sliding time.
pub fn decide(
    state: &mut PagingState,
    settings: &PagingSettings,
    (changes, at): (&[AlarmChange], Timestamp),
    scored: Scored<'_>,
) -> Vec<Decision> {
    let began_at = *state.began_at.get_or_insert(at);
    if state.graduated_at.is_none() && is_over(settings, began_at, (scored, at)) {
        state.graduated_at = Some(at);
    }
    state.pages.retain(|page| at.since(page.at) < settings.budget.within);
    let observing = state.observing(settings, (scored, at));
    let mut decisions = Vec::new();
    for alarm in changes.iter().filter_map(said) {
        let key = AlarmKey::of(alarm);
        let held = held_by_itself(state, alarm)
            .or_else(|| observing.clone().filter(|_| !pages_early(settings, alarm)))
            .or_else(|| state.spent(settings.budget, (scored, at)));
        let verdict = match held {
            Some(reason) => PageVerdict::Hold(reason),
            None => {
                let doubt = alarm.probability.map_or(1.0, |probability| 1.0 - probability.get());
                state.pages.push(Page { alarm: key, at, doubt });
                PageVerdict::Page
            }
        };
        decisions.push(Decision { alarm: key, unit: alarm.unit.clone(), verdict });
    }
    decisions
}

fn is_over(
    settings: &PagingSettings,
    began_at: Timestamp,
    (scored, at): (Scored<'_>, Timestamp),
) -> bool {
    at.since(began_at) >= settings.observe_for
        || scored.outcomes >= u64::from(settings.observe_outcomes)
}

/// The alarm that is raised or said again.
fn said(change: &AlarmChange) -> Option<&Alarm> {
    match change {
        AlarmChange::Raised(alarm) | AlarmChange::Renewed { alarm, .. } => Some(alarm),
        AlarmChange::Folded { .. } | AlarmChange::Cleared { .. } => None,
    }
}

fn held_by_itself(state: &PagingState, alarm: &Alarm) -> Option<HoldReason> {
    if alarm.tier != Tier::Page {
        return Some(HoldReason::Tier(alarm.tier));
    }
    let key = AlarmKey::of(alarm);
    state.pages.iter().any(|page| page.alarm == key).then_some(HoldReason::Paged)
}

/// Whether the alarm pages although the cluster is observed. A person who set `observe` means all.
fn pages_early(settings: &PagingSettings, alarm: &Alarm) -> bool {
    settings.mode == PagingMode::Auto
        && settings.early_first_passage == EarlyFirstPassage::Yes
        && alarm.model.0 == first_passage::MODEL
}

fn days(span: PlatformDuration) -> f64 {
    span.as_seconds() / 86_400.0
}

// === impl Display ===

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier(tier) => write!(f, "its tier is `{}`, not `page`", tier.as_str()),
            Self::Paged => f.write_str("it has paged before"),
            Self::Observing { outcomes, of_outcomes, day, of_days } => write!(
                f,
                "observing: {outcomes} of {of_outcomes} outcomes scored, day {day} of {of_days}"
            ),
            Self::SetToObserve => f.write_str("observing: paging is set to `observe`"),
            Self::BudgetUsed { false_pages, pending, budget } => {
                let PageBudget { false_pages: most, within } = budget;
                let hours = within.as_seconds() / 3_600.0;
                write!(
                    f,
                    "page budget of {most} false pages in {hours} h is used up: {false_pages} were \
                     false, {pending} not judged yet"
                )
            }
        }
    }
}
