import type { TimeRange } from '@/backend'
import { route } from './route.svelte'
import { DEFAULT_FROM, PRESETS, parseTime, type Range } from '@/format/range'
import { formatRange } from '@/format'

/** The time range of all views. Relative ranges move with the clock while live. */
class GlobalRange {
  get fromText(): string {
    return parseTime(route.param('from'), 0) === null ? DEFAULT_FROM : route.param('from')
  }

  get toText(): string {
    return parseTime(route.param('to'), 0) === null ? 'now' : route.param('to')
  }

  /** True if the end is now. */
  readonly relative = $derived.by(() => this.toText === 'now')

  /** True if views reload as data arrive. */
  readonly live = $derived.by(() => this.relative && route.param('live') !== 'off')

  readonly label = $derived.by(() => {
    const preset = this.relative && PRESETS.find((one) => one.from === this.fromText)
    return preset ? preset.label : formatRange(this.now())
  })

  /** Returns the current range in milliseconds. Reactive on the address, not on the clock. */
  now(): Range {
    const now = Date.now()
    const from = parseTime(this.fromText, now) ?? now - 3600e3
    const to = parseTime(this.toText, now) ?? now
    return from < to ? { from, to } : { from: to - 60e3, to }
  }

  /** Returns the current range for a request, in nanoseconds. */
  request(): TimeRange {
    return toRequest(this.now())
  }

  /** Length in milliseconds. */
  readonly length = $derived.by(() => {
    const { from, to } = this.now()
    return to - from
  })

  /** Sets a preset such as `now-15m` and turns live on. */
  setRelative(from: string): void {
    route.set({ from, to: 'now', live: null })
  }

  /** Sets an absolute range, in milliseconds. */
  setAbsolute(from: number, to: number): void {
    if (to - from < 1) return
    route.set({ from: Math.floor(from), to: Math.ceil(to), live: null })
  }

  toggleLive(): void {
    if (!this.relative) {
      const minutes = Math.max(1, Math.round(this.length / 60e3))
      route.set({ from: `now-${minutes}m`, to: 'now', live: null })
    } else route.set({ live: this.live ? 'off' : null })
  }
}

/** Converts a range from milliseconds to the nanoseconds of requests. */
export const toRequest = ({ from, to }: Range): TimeRange => ({ start: from * 1e6, end: to * 1e6 })

/** Converts a range of an answer from nanoseconds to milliseconds. */
export const fromRequest = ({ start, end }: TimeRange): Range => ({ from: start / 1e6, to: end / 1e6 })

/**
 * Returns link parameters for the range around a time, from `before` to `after` it, in
 * milliseconds.
 */
export const around = (time: number, before = 5 * 60e3, after = 5 * 60e3) => ({
  from: String(Math.floor(time - before)),
  to: String(Math.ceil(Math.min(time + after, Math.max(Date.now(), time + 1000)))),
  live: null,
})

export const range = new GlobalRange()
