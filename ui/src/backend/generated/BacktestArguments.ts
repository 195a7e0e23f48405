// Generated from the Rust types of the same name.
import type { AlertRule } from "./AlertRule";
import type { TimeRange } from "./TimeRange";

/**
 * A rule to backtest.
 */
export type BacktestArguments = { 
/**
 * The edited rule.
 */
rule: AlertRule, 
/**
 * The range.
 */
range: TimeRange, };
