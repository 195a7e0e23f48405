//! Limits on the series of one scrape.

use model::Labels;

use crate::exposition::excerpt;

/// Limits that make a whole scrape fail; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Samples after relabelling.
    pub samples: usize,
    /// Labels of a series, with its name and the labels of the target.
    pub labels: usize,
    /// Bytes of a label's name.
    pub label_name_bytes: usize,
    /// Bytes of a label's value.
    pub label_value_bytes: usize,
}

impl SeriesLimits {
    /// Checks the labels of one series; the error names the exceeded limit.
    pub(crate) fn check(&self, labels: &Labels) -> Result<(), String> {
        if self.labels > 0 && labels.len() > self.labels {
            return Err(format!("a series has {} labels, the limit is {}", labels.len(), self.labels));
        }
        for (name, value) in labels {
            if self.label_name_bytes > 0 && name.len() > self.label_name_bytes {
                let limit = self.label_name_bytes;
                return Err(format!("the name of label {} is longer than {limit} bytes", excerpt(name)));
            }
            if self.label_value_bytes > 0 && value.len() > self.label_value_bytes {
                let limit = self.label_value_bytes;
                return Err(format!("the value of label {} is longer than {limit} bytes", excerpt(name)));
            }
        }
        Ok(())
    }
}
