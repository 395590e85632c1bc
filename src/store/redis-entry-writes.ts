import type { EncodedValue } from '../codec/codec.js';
import type { TagVersion } from '../codec/envelope.js';
import { RedisUnavailableError } from '../errors.js';
import { CompressingWrites } from './compressing-writes.js';
import { encodeWrites } from './encode-writes.js';
import type { RedisEntries } from './redis-entries.js';
import type { EntrySteps } from './redis-entry-steps.js';
import { CLEAR, DELETE } from './redis-scripts.js';
import { RedisWriter, type EntryWrite } from './redis-writer.js';
import type { StoreWrite } from './store.js';

type Mode = 'set' | 'add';
/** The tags of each write; `undefined` = one of them is barred. */
type Captured = readonly (readonly TagVersion[] | undefined)[];

/** Keys of one script. */
const DELETE_KEYS = 128;
const NO_TAGS: readonly TagVersion[] = [];

/** The writes and removals of one key space, from the user's values to what is sent, in the order of the calls. */
export class EntryWrites {
  readonly #entries: RedisEntries;
  readonly #steps: EntrySteps;
  readonly #writer: RedisWriter;
  /** Writes that are not sent yet, since a value is compressed or tags are looked up. */
  readonly #preparing = new CompressingWrites();

  constructor(entries: RedisEntries, steps: EntrySteps) {
    this.#entries = entries;
    this.#steps = steps;
    this.#writer = new RedisWriter(entries);
  }

  /** As `Store.write`. One round trip, one more where entries carry tags. */
  write(writes: readonly StoreWrite[], mode: Mode): Promise<boolean[]> {
    const entryKeys = writes.map(({ key }) => this.#entries.space.entryKey(key));
    return this.#entries.changing(entryKeys, () => this.#write(entryKeys, writes, mode));
  }

  /** As `Store.delete`. One round trip per 128 keys. */
  delete(keys: readonly string[]): Promise<number> {
    const entryKeys = keys.map((key) => this.#entries.space.entryKey(key));
    this.overtake(entryKeys);
    return this.#entries.changing(entryKeys, () => removeEntries(this.#entries, entryKeys));
  }

  /** Sends what waits for the end of this turn, so that a command that is sent now comes after it. */
  flush(): void {
    this.#writer.flush();
  }

  /** As `flush`, and leaves out what is not ready to be sent: these entries are removed now. */
  overtake(entryKeys: readonly string[]): void {
    this.#writer.flush();
    this.#preparing.overtake(entryKeys);
  }

  /** Leaves out what is not sent yet: all is cleared now. */
  overtakeAll(): void {
    this.#preparing.overtakeBelow('');
  }

  #write(entryKeys: readonly string[], writes: readonly StoreWrite[], mode: Mode): Promise<boolean[]> {
    const pending = encodeWrites(this.#entries.shared.codec, writes);
    const tagged = writes.some(isTagged);
    if (!tagged && !(pending instanceof Promise)) {
      if (mode === 'set') this.#preparing.overtake(entryKeys);
      return this.#send(entriesOf(entryKeys, writes, pending), mode);
    }
    let captured: Captured | undefined;
    const prepare = async (): Promise<readonly EncodedValue[]> => {
      // The tags are looked up at once: what invalidates them from now on makes the entries invalid.
      const tags = tagged ? this.#capture(entryKeys, writes, mode) : undefined;
      const [encoded] = await Promise.all([pending, tags]);
      captured = await tags;
      return encoded;
    };
    return this.#preparing.wait(entryKeys, prepare(), mode, async (encoded, standing) => {
      const entries = entriesOf(entryKeys, writes, encoded, captured);
      const wanted = entries.map((one) => (standing.has(one.key) ? one : { ...one, wanted: never }));
      const barred = entryKeys.filter((key, at) => captured?.at(at) === undefined && standing.has(key));
      // What a `set` was to replace is not served on, though the barrier of a tag keeps the new value out.
      if (tagged && mode === 'set' && barred.length > 0) await removeEntries(this.#entries, barred);
      return this.#send(wanted, mode);
    });
  }

  #send(entries: readonly EntryWrite[], mode: Mode): Promise<boolean[]> {
    if (mode === 'set') return this.#writer.write(entries);
    this.#writer.flush();
    return Promise.all(
      entries.map((one) => (one.wanted?.() === false ? Promise.resolve(false) : this.#steps.add(one))),
    );
  }

  async #capture(entryKeys: readonly string[], writes: readonly StoreWrite[], mode: Mode): Promise<Captured> {
    try {
      return await this.#captureAll(writes);
    } catch (error) {
      // What a refused `set` was to replace must not be served on, though its own turn has not come yet.
      if (mode === 'set' && !(error instanceof RedisUnavailableError)) {
        await removeEntries(this.#entries, entryKeys);
      }
      throw error;
    }
  }

  async #captureAll(writes: readonly StoreWrite[]): Promise<Captured> {
    const { tags } = this.#entries.shared;
    const tagged = writes.filter(isTagged);
    const all = await tags.capture([...new Set(tagged.flatMap((one) => one.tags))], longestLife(tagged));
    if (all !== undefined) {
      const versions = new Map(all.map((one) => [one.tag, one]));
      return writes.map((one) => one.tags?.map((tag) => versions.get(tag) as TagVersion) ?? NO_TAGS);
    }
    return Promise.all(
      writes.map((one) => (isTagged(one) ? tags.capture(one.tags, longestLife([one])) : NO_TAGS)),
    );
  }
}

/** Removes entries, given by their Redis keys, and ends their leases. Says how many were there. One round trip per 128 keys. */
export async function removeEntries(entries: RedisEntries, entryKeys: readonly string[]): Promise<number> {
  const { shared, space } = entries;
  let removed = 0;
  for (let at = 0; at < entryKeys.length; at += DELETE_KEYS) {
    const part = entryKeys.slice(at, at + DELETE_KEYS);
    const leases = part.map((key) => space.leaseKey(key));
    removed += Number(await shared.connection.evaluate(DELETE, [...part, ...leases], entries.voice()));
  }
  return removed;
}

/** Makes every entry of a space invalid, those of the spaces below included. One round trip. */
export function clearEntries(entries: RedisEntries): Promise<unknown> {
  const { shared, generations } = entries;
  const command = generations.remove();
  const voice = entries.voice();
  return entries.droppingVersions([command.key], () =>
    voice[0] === ''
      ? shared.connection.request(command)
      : shared.connection.evaluate(CLEAR, [command.key], voice),
  );
}

function entriesOf(
  entryKeys: readonly string[],
  writes: readonly StoreWrite[],
  encoded: readonly EncodedValue[],
  captured?: Captured,
): EntryWrite[] {
  return writes.map(({ ttl, grace = 0, wanted }, index) => {
    const tags = captured === undefined ? NO_TAGS : captured[index];
    return {
      key: entryKeys[index] as string,
      encoded: encoded[index] as EncodedValue,
      ttl,
      grace,
      tags: tags ?? NO_TAGS,
      // Under a barred tag an entry would be invalid.
      wanted: tags === undefined ? never : wanted,
    };
  });
}

/** How long the longest of the writes is kept, in milliseconds; `null` = for ever. */
function longestLife(writes: readonly StoreWrite[]): number | null {
  let longest = 0;
  for (const { ttl, grace = 0 } of writes) {
    if (ttl === null) return null;
    longest = Math.max(longest, ttl + grace);
  }
  return longest;
}

function isTagged(write: StoreWrite): write is StoreWrite & { readonly tags: readonly string[] } {
  return write.tags !== undefined && write.tags.length > 0;
}

function never(): boolean {
  return false;
}
