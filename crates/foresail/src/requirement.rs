//! `--require`: what a back-test must reach, as in `er>=0.3,fa<=1`.
//!
//! ```text
//!  requirement := condition { "," condition }
//!  condition   := metric operator number        spaces are allowed around each part
//!  operator    := ">=" | "<=" | ">" | "<"
//! ```

use std::fmt;
use std::str::FromStr;

macro_rules! metrics {
    ($($name:ident, $text:literal, $doc:literal;)*) => {
        /// A result that can be required.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Metric { $(#[doc = $doc] $name),* }

        impl Metric {
            /// Every metric.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in a requirement.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What it means, in one sentence.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc),* }
            }
        }
    };
}

metrics! {
    EventRecall, "er", "Share of reachable incidents that were announced in time.";
    EventRecallRightKind, "er-right-kind", "The same, counting only alarms that name the kind.";
    Precision, "precision", "Share of alarms that were right, of right and false ones.";
    FalseAlarms, "fa", "False alarms per observed pod-day of fault time.";
    TimeInWarning, "tiw", "Share of observed time under an open alarm that no incident followed.";
    MedianLead, "lead", "Median lead of the hits, in production minutes.";
}

/// How a result is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// One condition of a requirement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Condition {
    metric: Metric,
    comparison: Comparison,
    bound: f64,
}

/// What must be reached: every condition of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Requirement(Vec<Condition>);

/// A text that is no requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidRequirement {
    condition: String,
    reason: String,
}

// === impl Requirement ===

impl Requirement {
    /// The conditions that do not hold, as sentences; a metric without a value never holds.
    pub(crate) fn unmet(&self, value: impl Fn(Metric) -> Option<f64>) -> Vec<String> {
        let broken = |condition: &Condition| match value(condition.metric) {
            Some(found) if condition.holds(found) => None,
            Some(found) => Some(format!("`{condition}` is not met: {found:.3}")),
            None => Some(format!("`{condition}` is not met: not measurable on this recording")),
        };
        self.0.iter().filter_map(broken).collect()
    }
}

impl FromStr for Requirement {
    type Err = InvalidRequirement;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

// === impl Condition ===

impl Condition {
    fn holds(&self, found: f64) -> bool {
        match self.comparison {
            Comparison::AtLeast => found >= self.bound,
            Comparison::AtMost => found <= self.bound,
            Comparison::Above => found > self.bound,
            Comparison::Below => found < self.bound,
        }
    }
}

impl FromStr for Condition {
    type Err = InvalidRequirement;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            |reason: String| InvalidRequirement { condition: text.trim().to_owned(), reason };
        let start = text
            .find(['<', '>'])
            .ok_or_else(|| invalid("no `>=`, `<=`, `>` or `<` in it".to_owned()))?;
        let (name, rest) = text.split_at(start);
        // The longer operators first: `>` is a start of `>=`.
        let (comparison, number) = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| rest.strip_prefix(sign).map(|rest| (comparison, rest)))
        .expect("`rest` starts with one of the signs that were searched");
        let name = name.trim();
        let metric = Metric::ALL.iter().copied().find(|metric| metric.as_str() == name);
        let metric = metric.ok_or_else(|| {
            let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.as_str()).collect();
            invalid(format!("`{name}` is none of {}", known.join(", ")))
        })?;
        let number = number.trim();
        let bound = number.parse::<f64>().ok().filter(|bound| bound.is_finite());
        let bound = bound.ok_or_else(|| invalid(format!("`{number}` is not a number")))?;
        Ok(Self { metric, comparison, bound })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::Below => "<",
        };
        write!(f, "{}{sign}{}", self.metric.as_str(), self.bound)
    }
}

// === impl InvalidRequirement ===

impl fmt::Display for InvalidRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "condition `{}`: {}", self.condition, self.reason)
    }
}

impl std::error::Error for InvalidRequirement {}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(metric: Metric) -> Option<f64> {
        match metric {
            Metric::EventRecall => Some(0.3),
            Metric::FalseAlarms => Some(1.2),
            Metric::EventRecallRightKind
            | Metric::Precision
            | Metric::TimeInWarning
            | Metric::MedianLead => None,
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let requirement: Requirement = "er>=0.3, fa <= 1".parse().unwrap();
        assert_eq!(requirement.unmet(value), ["`fa<=1` is not met: 1.200"]);
    }

    #[test]
    fn strict_signs_exclude_the_bound() {
        assert_eq!("er>0.3".parse::<Requirement>().unwrap().unmet(value).len(), 1);
        assert_eq!("er<0.3".parse::<Requirement>().unwrap().unmet(value).len(), 1);
        assert!("er<=0.3".parse::<Requirement>().unwrap().unmet(value).is_empty());
    }

    #[test]
    fn a_metric_that_could_not_be_measured_is_not_met() {
        let unmet = "precision>=0".parse::<Requirement>().unwrap().unmet(value);
        assert_eq!(unmet, ["`precision>=0` is not met: not measurable on this recording"]);
    }

    #[test]
    fn a_text_that_is_no_condition_names_itself_and_the_reason() {
        for (text, reason) in [
            ("er", "condition `er`: no `>=`, `<=`, `>` or `<` in it"),
            ("er>=0.3,", "condition ``: no `>=`, `<=`, `>` or `<` in it"),
            ("er>=high", "condition `er>=high`: `high` is not a number"),
            ("er>=nan", "condition `er>=nan`: `nan` is not a number"),
            ("er==1", "condition `er==1`: no `>=`, `<=`, `>` or `<` in it"),
        ] {
            assert_eq!(text.parse::<Requirement>().unwrap_err().to_string(), reason);
        }
        let unknown = "f1>=1".parse::<Requirement>().unwrap_err().to_string();
        assert!(unknown.contains("`f1` is none of er, er-right-kind"), "{unknown}");
    }
}
