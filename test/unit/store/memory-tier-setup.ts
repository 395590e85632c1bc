import type { CodecOptions } from '../../../src/codec/codec-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { openEntry, sealEntry, type TagVersion } from '../../../src/codec/envelope.js';
import type { ChangeChannel, ChangeHearer } from '../../../src/connection/connection.js';
import { KeySpace } from '../../../src/key/key-space.js';
import { memoryTier, type MemoryTier, type MemoryTierContext } from '../../../src/store/memory-tier.js';
import type { StoredEntry } from '../../../src/store/store.js';
import type { FetchedEntry } from '../../../src/store/tier.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** An invalidation channel that a test speaks on. It is trusted until `trustedUntil`. */
class HandChannel implements ChangeChannel {
  epoch = 1;
  trustedUntil = Infinity;
  prefixes: readonly string[] = [];
  readonly hearers = new Set<ChangeHearer>();
  readonly voice = { topic: '', next: () => '' };
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get trusted(): boolean {
    return this.#clock.monotonic() < this.trustedUntil;
  }

  listen(prefixes: readonly string[], hearer: ChangeHearer): () => void {
    this.prefixes = prefixes;
    this.hearers.add(hearer);
    return () => void this.hearers.delete(hearer);
  }

  /** Redis tells that a key has changed. */
  push(key: string): void {
    for (const hearer of this.hearers) hearer.changed(key);
  }

  down(): void {
    this.#turn(-Infinity);
  }

  up(): void {
    this.#turn(Infinity);
  }

  #turn(trustedUntil: number): void {
    this.epoch += 1;
    this.trustedUntil = trustedUntil;
    for (const hearer of this.hearers) hearer.lost();
  }
}

/** What Redis holds of an entry. Absent: a value that lives for a minute, in the first generation, without tags. */
export interface Held {
  readonly value: unknown;
  readonly ttl?: number | null;
  readonly generations?: string;
  readonly tags?: readonly TagVersion[];
}

export const GENERATION = 'generation1';
export const OTHER = 'generation2';

const UNCOMPRESSED: CodecOptions = {
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
};

/** A memory tier whose channel and clock a test moves. */
export class TierSetup {
  readonly clock = new FakeClock();
  readonly channel = new HandChannel(this.clock);
  readonly space = KeySpace.of({ keyPrefix: 'p', cache: 'c', version: undefined });
  /** What the tier told of changes, in order. */
  readonly changes: string[] = [];
  /** How far the clock of Redis is ahead of the monotonic one. */
  offset = 1_800_000_000_000;
  readonly tier: MemoryTier;
  readonly #codec: CodecOptions;

  constructor(terms: Partial<MemoryTierContext> = {}, codec: Partial<CodecOptions> = {}) {
    this.#codec = { ...UNCOMPRESSED, ...codec };
    this.tier = memoryTier({
      space: this.space,
      channel: this.channel,
      clock: this.clock,
      bounds: { max: 1_000, maxBytes: 1_000_000 },
      ttl: null,
      codec: createCodec({ ...this.#codec, compressor: undefined }),
      now: () => this.now(),
      changed: (path, key) => void this.changes.push(`changed ${[...path, key].join('/')}`),
      ...terms,
    });
  }

  now(): number {
    return this.clock.monotonic() + this.offset;
  }

  /** The Redis key of an entry. */
  key(key: string): string {
    return this.space.entryKey(key);
  }

  /** An entry as a reply holds it: a slice of a larger buffer, `chunk`. */
  async fetched(held: Held, space = this.space): Promise<FetchedEntry & { readonly chunk: Buffer }> {
    const { value, ttl = 60_000, generations = GENERATION, tags = [] } = held;
    const codec = createCodec(this.#codec);
    const createdAt = this.now();
    const expiresAt = ttl === null ? null : createdAt + ttl;
    const sealed = sealEntry(await codec.encode(value), { createdAt, expiresAt, generations, tags });
    const chunk = Buffer.concat([Buffer.from('$1\r\n'), Buffer.from(sealed), Buffer.from('\r\n')]);
    const bytes = chunk.subarray(4, -2);
    const opened = openEntry(bytes);
    if (opened === undefined) throw new Error('It is no entry.');
    const own = await codec.decode(opened.flags, bytes, opened.payloadStart);
    const { generationKeys } = space;
    return { ...opened, chunk, bytes, generationKeys, generations, value: own };
  }

  /** Looks at Redis and keeps what is found there; what is kept. */
  async keep(key: string, value: unknown, terms: Omit<Held, 'value'> = {}): Promise<StoredEntry | undefined> {
    const fetched = await this.fetched({ value, ...terms });
    const entryKey = this.key(key);
    const look = this.tier.look([entryKey]);
    const kept = look.keep(entryKey, fetched);
    look.end();
    return kept;
  }

  /** The value that memory gives of a key. */
  value(key: string): unknown {
    return this.tier.get(this.key(key))?.value;
  }
}
