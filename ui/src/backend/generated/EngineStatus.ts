// Generated from the Rust types of the same name.
import type { AlertCounts } from "./AlertCounts";
import type { CheckCounts } from "./CheckCounts";
import type { ComponentStatus } from "./ComponentStatus";
import type { Diagnostic } from "./Diagnostic";
import type { ListenerStatus } from "./ListenerStatus";
import type { RecordCounts } from "./RecordCounts";
import type { Timestamp } from "./Timestamp";

/**
 * The state of the whole engine at one moment.
 */
export type EngineStatus = { 
/**
 * Version of the program.
 */
version: string, 
/**
 * Host it runs on.
 */
host: string, 
/**
 * When it started.
 */
started: Timestamp, 
/**
 * The clock of the engine now.
 */
now: Timestamp, 
/**
 * Folder the data lie in.
 */
data_folder: string, 
/**
 * The settings file.
 */
settings_file: string, 
/**
 * Parts, in the order they were started.
 */
components: Array<ComponentStatus>, 
/**
 * Ways in that listen, with what came through them.
 */
listeners: Array<ListenerStatus>, 
/**
 * What somebody should know of and act on, the worst first.
 */
diagnostics: Array<Diagnostic>, 
/**
 * Records committed since the start.
 */
committed: RecordCounts, 
/**
 * Records committed per second, over the last ten seconds.
 */
rate: RecordCounts, 
/**
 * Bytes of the data folder.
 */
stored_bytes: number, 
/**
 * Alerts by state and the worst state there is.
 */
alerts: AlertCounts, 
/**
 * Checks that are not well.
 */
checks: CheckCounts, 
/**
 * Whether collecting is paused.
 */
paused: boolean, 
/**
 * Until when notifications are muted.
 */
muted_until: Timestamp | null, 
/**
 * Whether the demonstration shop runs here.
 */
demonstration: boolean, 
/**
 * Whether there are data of the demonstration shop.
 */
demonstration_data: boolean, };
