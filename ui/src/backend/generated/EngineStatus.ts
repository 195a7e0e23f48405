// Generated from the Rust types of the same name.
import type { AlertCounts } from "./AlertCounts";
import type { CheckCounts } from "./CheckCounts";
import type { ComponentStatus } from "./ComponentStatus";
import type { Diagnostic } from "./Diagnostic";
import type { ListenerStatus } from "./ListenerStatus";
import type { RecordCounts } from "./RecordCounts";
import type { Timestamp } from "./Timestamp";

/**
 * The status of the whole engine at one time.
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
 * Start time.
 */
started: Timestamp, 
/**
 * The clock of the engine now.
 */
now: Timestamp, 
/**
 * Data folder.
 */
data_folder: string, 
/**
 * The settings file.
 */
settings_file: string, 
/**
 * Components in the order of their start.
 */
components: Array<ComponentStatus>, 
/**
 * Receivers with their counters.
 */
listeners: Array<ListenerStatus>, 
/**
 * Diagnostics for the user, the worst first.
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
 * Checks that are not healthy.
 */
checks: CheckCounts, 
/**
 * True if collecting is paused.
 */
paused: boolean, 
/**
 * Time until which notifications are muted.
 */
muted_until: Timestamp | null, 
/**
 * True if the demonstration shop runs in this engine.
 */
demonstration: boolean, 
/**
 * True if data of the demonstration shop are stored.
 */
demonstration_data: boolean, };
