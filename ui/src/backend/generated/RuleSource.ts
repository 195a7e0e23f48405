// Generated from the Rust types of the same name.
import type { CheckSource } from "./CheckSource";
import type { LogsSource } from "./LogsSource";
import type { MetricSource } from "./MetricSource";

/**
 * The source of a rule's values. Each kind yields one value per label set.
 */
export type RuleSource = { "type": "metric" } & MetricSource | { "type": "check" } & CheckSource | { "type": "logs" } & LogsSource;
