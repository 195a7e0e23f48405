// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { TagMatcher } from "./TagMatcher";

/**
 * The source of a rule's values. Each kind yields labelled values.
 */
export type RuleSource = { "type": "metric", 
/**
 * Metric name.
 */
metric: string, 
/**
 * Which series.
 */
matchers: Array<TagMatcher>, 
/**
 * How samples become one value.
 */
aggregation: Aggregation, 
/**
 * Labels to keep apart.
 */
group_by: Array<string>, 
/**
 * How far back each value looks, in seconds.
 */
window_seconds: number, } | { "type": "check", 
/**
 * The check; every check if none.
 */
check_id: string | null, } | { "type": "logs", 
/**
 * The search, in the language of the Logs view.
 */
query: string, 
/**
 * Whether each service has its own value.
 */
by_service: boolean, 
/**
 * How far back the count looks, in seconds.
 */
window_seconds: number, };
