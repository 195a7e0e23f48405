// Generated from the Rust types of the same name.
import type { Changes } from "./Changes";
import type { Confirmation } from "./Confirmation";
import type { EngineStatus } from "./EngineStatus";
import type { LogLine } from "./LogLine";
import type { LogTailArguments } from "./LogTailArguments";
import type { Nothing } from "./Nothing";
import type { Signature } from "./Signature";

/**
 * The topics of subscriptions in TypeScript. `reply` is one message.
 */
export type Topics = { status: Signature<Nothing, EngineStatus>, changes: Signature<Nothing, Changes>, log_tail: Signature<LogTailArguments, Array<LogLine>>, confirmations: Signature<Nothing, Array<Confirmation>>, };
