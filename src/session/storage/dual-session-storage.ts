import { InvalidOptionsError } from '../../errors.js';
import { handleOf, userKeyOf } from '../record/session-ids.js';
import type { Baseline, SessionDraft, SessionRecord } from '../record/session-record.js';
import { isLegacy, type LegacySessionWrites } from './legacy-session-writes.js';
import type { LegacySessions } from './legacy-sessions.js';
import type { StorageContext } from './live-sessions.js';
import type { ManagedSessionStorage } from './managed-session-storage.js';
import type { EndReason, LoginAttempt, WriteOutcome } from './session-storage.js';
import { settled } from './settled.js';

/** What a storage of both formats is made of. */
export interface DualStorageParts {
  readonly context: StorageContext;
  readonly legacy: LegacySessions;
  readonly writes: LegacySessionWrites;
  /** Ours, which removes a session that it ends from both. */
  readonly ours: ManagedSessionStorage;
}

/**
 * Sessions in the format of connect-redis, for as long as processes run that know no other. There are no indexes of them, so
 * nothing is known of users.
 *
 * Processes that are deployed next move sessions to our format: what they have moved is read and written there. A session that
 * cannot be read is left alone: those processes may know how.
 */
export class DualSessionStorage implements ManagedSessionStorage {
  readonly #parts: DualStorageParts;

  constructor(parts: DualStorageParts) {
    this.#parts = parts;
  }

  start(): void {}

  async close(): Promise<void> {}

  /** Whoever moves a session removes the old one behind it: what was moved counts. */
  async read(id: string): Promise<SessionRecord | undefined> {
    const { context, legacy, writes } = this.#parts;
    const handle = handleOf(id);
    const { record, replies } = await context.records.readWith(handle, legacy.reads(id));
    if (record !== undefined && !('unreadable' in record)) return record;
    const found = legacy.sessionIn(replies);
    // It may have been moved between the two looks.
    return found === undefined ? this.#moved(handle) : writes.recordOf(id, found);
  }

  async create(id: string, draft: SessionDraft): Promise<Baseline | undefined> {
    const baseline = await this.#parts.writes.create(id, draft);
    if (baseline !== undefined) this.#parts.context.report({ type: 'created', handle: handleOf(id) });
    return baseline;
  }

  async update(handle: string, draft: SessionDraft, baseline: Baseline): Promise<WriteOutcome> {
    const { context, ours, writes } = this.#parts;
    if (isLegacy(baseline)) {
      const outcome = await writes.update(draft, baseline);
      if (outcome !== 'gone') return outcome;
      if (!(await this.#follow(handle, baseline))) {
        context.report({ type: 'dropped', handle, reason: 'gone' });
        return 'gone';
      }
    }
    return ours.update(handle, draft, baseline);
  }

  async touch(handle: string, baseline: Baseline): Promise<boolean> {
    const { ours, writes } = this.#parts;
    if (isLegacy(baseline)) {
      if (await writes.touch(baseline)) return true;
      if (!(await this.#follow(handle, baseline))) return false;
    }
    return ours.touch(handle, baseline);
  }

  isTouchDue(baseline: Baseline): boolean {
    return this.#parts.ours.isTouchDue(baseline);
  }

  destroy(id: string, reason: EndReason, baseline?: Baseline): Promise<boolean> {
    return this.#parts.ours.destroy(id, reason, baseline);
  }

  /**
   * Gives a session a new id. In the format of connect-redis the old one reads nothing any more: it has no place for what it was
   * rotated to.
   */
  async rotate(
    id: string,
    to: string,
    draft: SessionDraft,
    grace: number,
    login?: LoginAttempt,
    baseline?: Baseline,
  ): Promise<Baseline | undefined> {
    const { context, ours, writes } = this.#parts;
    const handle = handleOf(id);
    const made =
      baseline !== undefined && !isLegacy(baseline)
        ? undefined
        : await writes.rotate(id, to, draft, baseline);
    if (made === undefined) return ours.rotate(id, to, draft, grace, login, baseline);
    await settled(this.#forget(handle));
    context.report({ type: 'rotated', handle, to: handleOf(to) });
    return made;
  }

  userKeyOf(userId: string): string {
    return userKeyOf(userId);
  }

  async count(userKey?: string): Promise<number> {
    if (userKey !== undefined) return refuse();
    let count = await this.#parts.ours.count();
    for await (const keys of this.#keys()) count += keys.length;
    return count;
  }

  async *handles(): AsyncGenerator<string, void, undefined> {
    const { legacy, ours } = this.#parts;
    for await (const keys of this.#keys()) {
      for (const key of keys) yield handleOf(legacy.idIn(String(key)));
    }
    yield* ours.handles();
  }

  async clear(): Promise<void> {
    const { context, ours } = this.#parts;
    for await (const keys of this.#keys()) {
      await context.connection.pipeline(keys.map((key) => ({ key, args: ['UNLINK', key] })));
    }
    await ours.clear();
  }

  async replace(): Promise<never> {
    return refuse();
  }

  async readHandle(): Promise<never> {
    return refuse();
  }

  async destroyHandle(): Promise<never> {
    return refuse();
  }

  async list(): Promise<never> {
    return refuse();
  }

  async endAll(): Promise<never> {
    return refuse();
  }

  async beginLogin(): Promise<never> {
    return refuse();
  }

  #keys() {
    const { context, legacy } = this.#parts;
    return context.connection.scan(legacy.everything);
  }

  async #moved(handle: string): Promise<SessionRecord | undefined> {
    const record = await this.#parts.context.records.read(handle);
    return record === undefined || 'unreadable' in record ? undefined : record;
  }

  /** Who is moving a session that was rotated must not store it any more: nobody may use the old id. */
  async #forget(handle: string): Promise<void> {
    const { records, index } = this.#parts.context;
    const copy = await records.destroy(handle);
    if (copy !== undefined) await index.leave(handle, copy.userKey);
  }

  /** Makes of a baseline that of the same session where it was moved to. False = it was not moved. */
  async #follow(handle: string, baseline: Baseline): Promise<boolean> {
    const record = await this.#moved(handle);
    if (record === undefined) return false;
    const { userKey, deadline, absoluteEnd } = record.baseline;
    // Others may have changed it: what was read before tells what this one changes.
    Object.assign(baseline, { version: '', userKey, deadline, absoluteEnd });
    return true;
  }
}

function refuse(): never {
  const rule = "'dual' keeps sessions in the format of connect-redis, which are found by their ids only";
  throw new InvalidOptionsError('session.migrate', rule);
}
