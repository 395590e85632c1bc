import type { SessionStorage } from './session-storage.js';

/** A storage of sessions with its life. */
export interface ManagedSessionStorage extends SessionStorage {
  /** Begins to look for sessions whose time has passed, now and then. */
  start(): void;
  /** Ends that, and waits for what is under way. */
  close(): Promise<void>;
}
