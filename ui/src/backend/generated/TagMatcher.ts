// Generated from the Rust types of the same name.
import type { MatchOperator } from "./MatchOperator";

/**
 * A condition on one tag. `service` stands for `service.name`, `host` for `host.name` and
 * `environment` for `deployment.environment.name`; other keys are looked up in the attributes and
 * then in the resource.
 */
export type TagMatcher = { 
/**
 * Tag.
 */
key: string, 
/**
 * Comparison.
 */
operator: MatchOperator, 
/**
 * Compared value.
 */
value: string, };
