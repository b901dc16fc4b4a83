//! What is simulated, and which wishes cannot be met.

use thiserror::Error;

use super::IssueType;

/// Rows that a class needs, so that each has several and a split by class finds some on either side.
pub const MIN_SAMPLES_PER_TYPE: usize = 25;

/// Most rows: a gigabyte of numbers.
pub const MAX_SAMPLES: usize = 2_000_000;

/// Longest simulated time, ten years: time stamps stay within four-digit years.
pub const MAX_HOURS: u32 = 87_600;

/// What is simulated, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Rows, exactly.
    pub samples: usize,
    /// Simulated time in hours.
    pub hours: u32,
    /// Classes that occur. Without [`IssueType::Normal`] the rows without an issue are left out.
    pub issue_types: Vec<IssueType>,
    /// Seed of all chance.
    pub seed: u64,
}

/// Settings that can be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidSettings {
    pub(super) settings: Settings,
}

/// Why nothing is simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A name that is no issue type.
    #[error("`{found}` is no issue type; known are {}", known())]
    UnknownIssue {
        /// The name.
        found: String,
    },
    /// A class twice.
    #[error("issue type `{issue}` is asked for twice")]
    DuplicateIssue {
        /// The class.
        issue: IssueType,
    },
    /// No class at all.
    #[error("no issue type is asked for; known are {}", known())]
    NoIssue,
    /// No time.
    #[error("`hours` is `{hours}`, it must be 1 to {MAX_HOURS}")]
    Hours {
        /// What was asked.
        hours: u32,
    },
    /// Too few or too many rows.
    #[error(
        "`samples` is `{samples}`, it must be {least} to {MAX_SAMPLES}: {MIN_SAMPLES_PER_TYPE} for each issue type"
    )]
    Samples {
        /// What was asked.
        samples: usize,
        /// The least.
        least: usize,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            samples: 1_000,
            hours: 48,
            issue_types: vec![
                IssueType::PodCrash,
                IssueType::MemoryLeak,
                IssueType::NetworkLatency,
                IssueType::Normal,
            ],
            seed: 42,
        }
    }
}

// === impl Settings ===

impl Settings {
    /// Checks that the wishes can be met.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting, its value and its range.
    pub fn check(self) -> Result<ValidSettings, SettingsError> {
        if self.issue_types.is_empty() {
            return Err(SettingsError::NoIssue);
        }
        for (at, &issue) in self.issue_types.iter().enumerate() {
            if self.issue_types[..at].contains(&issue) {
                return Err(SettingsError::DuplicateIssue { issue });
            }
        }
        if self.hours == 0 || self.hours > MAX_HOURS {
            return Err(SettingsError::Hours { hours: self.hours });
        }
        let least = MIN_SAMPLES_PER_TYPE * self.issue_types.len();
        if self.samples < least || self.samples > MAX_SAMPLES {
            return Err(SettingsError::Samples { samples: self.samples, least });
        }
        Ok(ValidSettings { settings: self })
    }
}

// === impl ValidSettings ===

impl ValidSettings {
    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether rows without an issue are among the rows.
    #[must_use]
    pub fn has_normal(&self) -> bool {
        self.settings.issue_types.contains(&IssueType::Normal)
    }

    /// The classes but `normal`, in the order asked.
    pub(super) fn issues(&self) -> Vec<IssueType> {
        let issues = self.settings.issue_types.iter().copied();
        issues.filter(|issue| *issue != IssueType::Normal).collect()
    }
}

fn known() -> String {
    let names: Vec<String> = IssueType::ALL.iter().map(|issue| format!("`{issue}`")).collect();
    names.join(", ")
}
