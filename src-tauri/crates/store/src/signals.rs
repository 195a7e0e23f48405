//! The registry of the signals that are sealed into segments.

use crate::{
    metrics::segments::{
        exemplars::ExemplarSegments, histograms::HistogramSegments, samples::SampleSegments,
    },
    segment::{signal::SegmentSignal, signal_segments::SignalSegments},
};

/// Every signal, in the order in which a head is sealed.
pub(crate) const ALL: [&dyn SignalSegments; 3] = [&SampleSegments, &HistogramSegments, &ExemplarSegments];

/// Returns the implementation of a signal.
pub(crate) fn segments_of(signal: SegmentSignal) -> &'static dyn SignalSegments {
    match signal {
        SegmentSignal::Samples => &SampleSegments,
        SegmentSignal::Histograms => &HistogramSegments,
        SegmentSignal::Exemplars => &ExemplarSegments,
    }
}
