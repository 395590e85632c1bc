import type { Clock } from '../../clock.js';
import { RedisUnavailableError } from '../../errors.js';
import type { IndexEntry } from './redis-session-index.js';
import type { LiveSessions, SessionLife, StorageContext } from './live-sessions.js';
import { SHARDS } from './session-keys.js';
import { newVersion } from '../record/session-ids.js';

const PAUSE = 30_000;
/** The share of the pause by which each one is longer or shorter, so that processes do not sweep in step. */
const JITTER = 0.2;
/** Shorter than any pause: a process that was chosen once is not the only one to be chosen. */
const LEASE = '20000';
const DAY = 86_400_000;

/**
 * Looks for sessions whose time has passed, tells of them, and takes them out of the registry. Of all processes, one does at a
 * time. A session is told before it is taken out, so each is told at least once, whoever ends meanwhile.
 */
export class SessionSweeper {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(context: StorageContext, live: LiveSessions, clock: Clock) {
    this.#context = context;
    this.#live = live;
    this.#clock = clock;
  }

  /** Begins to look, now and then. */
  start(): void {
    if (this.#closed || this.#cancel !== undefined) return;
    const pause = PAUSE * (1 + JITTER * (2 * Math.random() - 1));
    this.#cancel = this.#clock.schedule(pause, () => {
      this.#running = this.#run();
    });
  }

  /** Stops, after the step that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      if (await this.#isChosen()) await this.sweep();
    } catch {
      // Redis is away or refuses: the next time, or another process, does it.
    }
    this.#cancel = undefined;
    this.start();
  }

  async #isChosen(): Promise<boolean> {
    const { connection, keys } = this.#context;
    const key = keys.sweep;
    const taken = await connection.request({ key, args: ['SET', key, newVersion(), 'NX', 'PX', LEASE] });
    if (taken !== null) return true;
    // A lease ends. What does not is none, and would keep everybody from looking for good.
    const left = await connection.request({ key, args: ['PTTL', key] });
    if (left === -1) await connection.request({ key, args: ['UNLINK', key] });
    return false;
  }

  /** Looks through the whole registry once. */
  async sweep(): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard++) {
      try {
        await this.#sweepShard(shard);
      } catch (error) {
        // What Redis refuses in one shard must not keep the others from being looked at.
        if (error instanceof RedisUnavailableError) throw error;
      }
    }
  }

  async #sweepShard(shard: number): Promise<void> {
    for (let kept = 0; !this.#closed;) {
      const entries = await this.#context.index.overdue(shard, kept);
      if (entries.length === 0) break;
      kept += await this.#settleAll(entries);
    }
  }

  /** Gives how many are still overdue after it. */
  async #settleAll(entries: readonly IndexEntry[]): Promise<number> {
    const lives = await this.#live.livesOf(entries.map(({ handle }) => handle));
    const kept = await Promise.all(entries.map((entry, at) => this.#settle(entry, lives[at] as SessionLife)));
    return kept.filter(Boolean).length;
  }

  async #settle(entry: IndexEntry, { state, left, userKey }: SessionLife): Promise<boolean> {
    const { connection, index, report } = this.#context;
    // Whoever ended it takes it out. If he cannot, its tombstone goes, and then it is told.
    if (state === 'ended') return true;
    if (state === 'live') {
      const deadline = connection.now() + (left < 0 ? DAY : Math.max(1, left));
      await index.enter(entry.handle, deadline, true);
      if (userKey !== undefined) await index.enterUser(userKey, { handle: entry.handle, deadline });
      return false;
    }
    if (state === 'none') report({ type: 'expired', handle: entry.handle });
    return !(await index.forget(entry));
  }
}
