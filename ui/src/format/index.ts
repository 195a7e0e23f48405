export { formatChange } from './change'
export { formatLabels, capital } from './text'
export { formatAbsolute, formatClock, formatTime, formatRange, formatRelative, formatSpan } from './time'
export { formatCount, formatDuration, formatRate, formatRatio, formatValue, scaleValue } from './units'
