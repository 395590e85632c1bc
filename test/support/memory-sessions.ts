import { fieldsText, parseFields } from '../../src/session/record/fields-text.js';
import { handleOf, newVersion, userKeyOf } from '../../src/session/record/session-ids.js';
import type { Baseline, SessionDraft, SessionRecord } from '../../src/session/record/session-record.js';
import type {
  ReplaceOutcome,
  SessionStorage,
  WriteOutcome,
} from '../../src/session/storage/session-storage.js';

const BARE = { deadline: 0, absoluteEnd: Infinity, userKey: undefined };

interface Kept {
  text: string;
  version: string;
  maxAge: Baseline['maxAge'];
  frozen: boolean;
}

/** Sessions in this process, which tests stop, break and look into. */
export class MemorySessions implements SessionStorage {
  /** By handle; `null` = ended. */
  readonly kept = new Map<string, Kept | null>();
  /** What was called, in order. */
  readonly calls: string[] = [];
  touchDue = false;
  /** What every call waits for, or fails with. */
  before: () => Promise<void> = async () => {};

  fields(id: string): object | undefined {
    const kept = this.kept.get(handleOf(id));
    return kept ? parseFields(kept.text) : undefined;
  }

  read(id: string): Promise<SessionRecord | undefined> {
    return this.readHandle(handleOf(id));
  }

  async readHandle(handle: string): Promise<SessionRecord | undefined> {
    await this.#called('read');
    const kept = this.kept.get(handle);
    if (!kept) return undefined;
    const { text, version, maxAge, frozen } = kept;
    const baseline = { version, text, maxAge, ...BARE };
    const times = { createdAt: 0, lastSeenAt: 0, absoluteEnd: undefined };
    return {
      handle,
      fields: parseFields(text),
      baseline,
      ...times,
      userKey: undefined,
      device: undefined,
      frozen,
    };
  }

  async create(id: string, { fields, maxAge }: SessionDraft): Promise<Baseline | undefined> {
    const text = fieldsText(fields);
    await this.#called('create');
    if (this.kept.has(handleOf(id))) return undefined;
    const version = newVersion();
    this.kept.set(handleOf(id), { text, version, maxAge, frozen: false });
    return { version, text, maxAge, ...BARE };
  }

  async update(handle: string, { fields, maxAge }: SessionDraft, baseline: Baseline): Promise<WriteOutcome> {
    const text = fieldsText(fields);
    const before = parseFields(baseline.text);
    await this.#called('update');
    const kept = this.kept.get(handle);
    if (!kept) return 'gone';
    if (kept.frozen) return 'frozen';
    const merged = kept.version !== baseline.version;
    const now = parseFields(text);
    const changed: Record<string, unknown> = merged ? { ...parseFields(kept.text) } : { ...now };
    for (const name of merged ? new Set([...Object.keys(before), ...Object.keys(now)]) : []) {
      if (JSON.stringify(before[name]) === JSON.stringify(now[name])) continue;
      changed[name] = now[name];
    }
    Object.assign(kept, { text: fieldsText(changed), version: newVersion(), maxAge });
    Object.assign(baseline, { version: kept.version, text, maxAge });
    return merged ? 'merged' : 'stored';
  }

  async replace(handle: string, draft: SessionDraft, baseline: Baseline): Promise<ReplaceOutcome> {
    const kept = this.kept.get(handle);
    if (kept?.frozen === false && kept.version !== baseline.version) return 'changed';
    const outcome = await this.update(handle, draft, baseline);
    return outcome === 'merged' ? 'changed' : outcome;
  }

  async touch(handle: string): Promise<boolean> {
    await this.#called('touch');
    return Boolean(this.kept.get(handle)) && this.kept.get(handle)?.frozen === false;
  }

  isTouchDue(): boolean {
    return this.touchDue;
  }

  destroy(id: string): Promise<boolean> {
    return this.destroyHandle(handleOf(id));
  }

  async destroyHandle(handle: string): Promise<boolean> {
    await this.#called('destroy');
    const was = Boolean(this.kept.get(handle));
    this.kept.set(handle, null);
    return was;
  }

  async rotate(id: string, to: string, { fields, maxAge }: SessionDraft): Promise<Baseline | undefined> {
    const text = fieldsText(fields);
    await this.#called('rotate');
    const kept = this.kept.get(handleOf(id));
    if (!kept || kept.frozen) return undefined;
    kept.frozen = true;
    const version = newVersion();
    this.kept.set(handleOf(to), { text, version, maxAge, frozen: false });
    return { version, text, maxAge, ...BARE };
  }

  userKeyOf(userId: string): string {
    return userKeyOf(userId);
  }

  list(): Promise<SessionRecord[]> {
    return Promise.resolve([]);
  }

  count(): Promise<number> {
    return Promise.resolve(this.kept.size);
  }

  endAll(): Promise<number> {
    return Promise.resolve(0);
  }

  beginLogin(userKey: string) {
    return Promise.resolve({ userKey, epoch: '', at: 0 });
  }

  async *handles(): AsyncIterable<string> {
    yield* this.kept.keys();
  }

  clear(): Promise<void> {
    this.kept.clear();
    return Promise.resolve();
  }

  async #called(name: string): Promise<void> {
    this.calls.push(name);
    await this.before();
  }
}
