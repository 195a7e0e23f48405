export { formatLabels, capital } from './text'
export { formatAbsolute, formatClock, formatMoment, formatRange, formatRelative, formatSpan } from './time'
export { formatCount, formatDuration, formatRate, formatRatio, formatValue, quantity, type Quantity } from './units'
