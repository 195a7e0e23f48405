//! The report of a repair.

/// One step of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairStep {
    /// The file or table.
    pub subject: String,
    /// What was found and done.
    pub action: String,
    /// The data that are lost. None if nothing is.
    pub lost: Option<String>,
}

impl std::fmt::Display for RepairStep {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.subject, self.action)?;
        match &self.lost {
            Some(lost) => write!(formatter, "; lost: {lost}"),
            None => Ok(()),
        }
    }
}

/// The steps of a repair. It is empty if nothing was damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairReport {
    /// The steps, in order.
    pub steps: Vec<RepairStep>,
}

impl RepairReport {
    /// Returns whether anything is lost.
    pub fn has_loss(&self) -> bool {
        self.steps.iter().any(|step| step.lost.is_some())
    }

    /// Adds a step that lost nothing.
    pub(crate) fn restored(&mut self, subject: &str, action: &str) {
        self.steps.push(RepairStep { subject: subject.to_owned(), action: action.to_owned(), lost: None });
    }

    /// Adds a step that lost data.
    pub(crate) fn lost(&mut self, subject: &str, action: &str, lost: &str) {
        let lost = Some(lost.to_owned());
        self.steps.push(RepairStep { subject: subject.to_owned(), action: action.to_owned(), lost });
    }
}
