import type { TimelineBucket } from '@/backend'
import type { StatusBucket } from '@/chart/types'

/** Returns the buckets of a response as a timeline draws them. */
export const statusBuckets = (buckets: readonly TimelineBucket[]): StatusBucket[] =>
  buckets.map(({ range, state, message }) => ({ from: range.start / 1e6, to: range.end / 1e6, state, message }))
