import type { TimeRange } from '@/backend'
import { route } from './route.svelte'
import { DEFAULT_FROM, PRESETS, parseMoment, type Range } from '@/format/range'
import { formatRange } from '@/format'

/** The time range of every view. Relative ranges move with the clock while live. */
class GlobalRange {
  get fromText(): string {
    return parseMoment(route.param('from'), 0) === null ? DEFAULT_FROM : route.param('from')
  }

  get toText(): string {
    return parseMoment(route.param('to'), 0) === null ? 'now' : route.param('to')
  }

  /** Whether the end is now. */
  readonly relative = $derived.by(() => this.toText === 'now')

  /** Whether views load again as data arrive. */
  readonly live = $derived.by(() => this.relative && route.param('live') !== 'off')

  readonly label = $derived.by(() => {
    const preset = this.relative && PRESETS.find((one) => one.from === this.fromText)
    return preset ? preset.label : formatRange(this.now())
  })

  /** The range as it is this moment, in milliseconds. Depends on the address, not on the clock. */
  now(): Range {
    const now = Date.now()
    const from = parseMoment(this.fromText, now) ?? now - 3600e3
    const to = parseMoment(this.toText, now) ?? now
    return from < to ? { from, to } : { from: to - 60e3, to }
  }

  /** The same for a request, in nanoseconds. */
  request(): TimeRange {
    return toRequest(this.now())
  }

  /** Length in milliseconds. */
  readonly length = $derived.by(() => {
    const { from, to } = this.now()
    return to - from
  })

  /** A preset such as `now-15m`; turns live on. */
  setRelative(from: string): void {
    route.set({ from, to: 'now', live: null })
  }

  /** A fixed stretch, in milliseconds. */
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

/** Milliseconds to the nanoseconds that requests want. */
export const toRequest = ({ from, to }: Range): TimeRange => ({ start: from * 1e6, end: to * 1e6 })

/** The nanoseconds of an answer to milliseconds. */
export const fromRequest = ({ start, end }: TimeRange): Range => ({ from: start / 1e6, to: end / 1e6 })

/** Parameters of a link to the stretch around a moment (milliseconds), `before` and `after` it. */
export const around = (time: number, before = 5 * 60e3, after = 5 * 60e3) => ({
  from: String(Math.floor(time - before)),
  to: String(Math.ceil(Math.min(time + after, Math.max(Date.now(), time + 1000)))),
  live: null,
})

export const range = new GlobalRange()
