import { fromDate, getLocalTimeZone, toCalendarDateTime, type CalendarDateTime } from '@internationalized/date'

/** Converts milliseconds since the epoch to local calendar time with whole seconds. */
export const toLocalTime = (time: number): CalendarDateTime =>
  toCalendarDateTime(fromDate(new Date(time), getLocalTimeZone())).set({ millisecond: 0 })

/** Converts local calendar time to milliseconds since the epoch. */
export const fromLocalTime = (time: CalendarDateTime): number => time.toDate(getLocalTimeZone()).getTime()
