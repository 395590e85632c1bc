import fc from 'fast-check';
import { expect } from 'vitest';
import type { TagVersion } from '../../../src/codec/envelope.js';
import type { FetchedEntry, Look } from '../../../src/store/tier.js';
import { TierSetup } from './memory-tier-setup.js';

/** What can happen, and how often it does. */
const KINDS = {
  write: 4,
  remove: 1,
  invalidate: 1,
  clear: 1,
  'begin own': 2,
  'begin read': 6,
  fetch: 6,
  execute: 8,
  answer: 8,
  tell: 4,
  get: 8,
  down: 1,
  up: 3,
  lapse: 1,
  ping: 4,
  wait: 1,
} as const;

type Kind = keyof typeof KINDS;

/** One step of a history: what happens, and to which of a few keys, tags and calls. */
export type Step = readonly [kind: Kind, which: number, more: number];

const KEYS = ['a', 'b', 'c'];
const TAGS = ['s', 't'];
const LIFE = 5_000;

/** What was changed: the number of the change, and the Redis key. */
interface Change {
  readonly key: string;
  readonly at: number;
}

interface Entry {
  readonly at: number;
  readonly versions: readonly Change[];
  readonly expiresAt: number;
}

/** A command of this process on its way to Redis and back. */
interface Call {
  readonly execute: () => void;
  readonly answer: () => void;
  executed: boolean;
}

const kinds = Object.entries(KINDS).map(([kind, weight]) => ({
  weight,
  arbitrary: fc.constant(kind as Kind),
}));

export const histories = fc.array(fc.tuple(fc.oneof(...kinds), fc.nat(5), fc.nat(3)), {
  minLength: 40,
  maxLength: 100,
  size: 'max',
});

/**
 * A Redis, what it has told and not told yet, and a tier beside it. Every change has a number; what memory gives must not be
 * older than any change that was heard or made, or than anything that was read before.
 */
export class TierModel {
  readonly setup = new TierSetup({ bounds: { max: 2, maxBytes: 1_000_000 } });
  hits = 0;
  #count = 0;
  #up = true;
  readonly #entries = new Map<string, Entry | undefined>();
  /** The last change of every key. */
  readonly #changed = new Map<string, number>();
  /** The last change of every key that this process knows of. */
  readonly #known = new Map<string, number>();
  readonly #untold: Change[] = [];
  readonly #calls: Call[] = [];
  readonly #generationKey = this.setup.space.generationKeys[0] as string;

  async follow(steps: readonly Step[]): Promise<void> {
    for (const [index, key] of KEYS.entries()) this.#write(this.setup.key(key), TAGS.slice(0, index));
    for (const step of steps) await this.#step(step);
    while (this.#calls.length > 0) {
      this.#executeNext();
      this.#answer(0);
      await this.#settled;
    }
    expect(this.setup.tier.sizes()).toMatchObject({ looks: 0, touched: 0, watched: 0 });
    this.setup.tier.close();
    expect(this.setup.tier.sizes()).toMatchObject({ entries: 0, bytes: 0, versions: 0 });
  }

  async #step([kind, which, more]: Step): Promise<void> {
    const { channel, clock } = this.setup;
    const key = this.setup.key(KEYS[which % KEYS.length] as string);
    const tagKey = this.setup.space.tagKey(TAGS[which % TAGS.length] as string);
    if (kind === 'write') this.#write(key, TAGS.slice(0, more % 3));
    else if (kind === 'remove') this.#remove(key);
    else if (kind === 'invalidate') this.#change(tagKey);
    else if (kind === 'clear') this.#change(this.#generationKey);
    else if (kind === 'begin own') this.#beginOwn(more === 0 ? tagKey : key);
    else if (kind === 'begin read') this.#beginRead(key);
    else if (kind === 'fetch') this.#fetch(key);
    else if (kind === 'execute') this.#executeNext();
    else if (kind === 'answer') this.#answer(which);
    else if (kind === 'tell') this.#tell(more === 0 ? 1 : Infinity);
    else if (kind === 'get') this.#get(key);
    else if (kind === 'down') this.#turn(false);
    else if (kind === 'up') this.#turn(true);
    else if (kind === 'lapse') channel.trustedUntil = Math.min(channel.trustedUntil, clock.monotonic());
    else if (kind === 'ping') channel.trustedUntil = this.#up ? Infinity : -Infinity;
    else clock.advance((LIFE / 4) * (more + 1));
    await this.#settled;
  }

  #settled: Promise<unknown> = Promise.resolve();

  #change(key: string): number {
    const at = ++this.#count;
    this.#changed.set(key, at);
    if (this.#up) this.#untold.push({ key, at });
    return at;
  }

  #write(key: string, tags: readonly string[]): void {
    const versions = [this.#generationKey, ...tags.map((tag) => this.setup.space.tagKey(tag))];
    this.#entries.set(key, {
      at: this.#change(key),
      versions: versions.map((one) => ({ key: one, at: this.#changed.get(one) ?? 0 })),
      expiresAt: this.setup.now() + LIFE,
    });
  }

  #remove(key: string): void {
    this.#change(key);
    this.#entries.set(key, undefined);
  }

  /** This process removes an entry, or invalidates a tag. */
  #beginOwn(key: string): void {
    const { tier } = this.setup;
    const drop = (): void => (key.includes(':t:') ? tier.dropVersions([key]) : tier.drop([key]));
    drop();
    let at = 0;
    this.#calls.push({
      executed: false,
      execute: () => {
        if (!key.includes(':t:')) this.#entries.set(key, undefined);
        at = this.#change(key);
      },
      answer: () => {
        drop();
        this.#know({ key, at });
      },
    });
  }

  #beginRead(key: string): void {
    const look = this.setup.tier.look([key]);
    let found: Entry | undefined;
    this.#calls.push({
      executed: false,
      execute: () => {
        const entry = this.#entries.get(key);
        const valid = entry?.versions.every((one) => (this.#changed.get(one.key) ?? 0) === one.at);
        if (valid === true && (entry as Entry).expiresAt > this.setup.now()) found = entry;
      },
      answer: () => {
        if (found === undefined) return look.end();
        this.#settled = this.#keep(key, look, found);
      },
    });
  }

  /** A read beside which nothing happens. */
  #fetch(key: string): void {
    this.#beginRead(key);
    while (this.#executeNext());
    this.#answer(this.#calls.length - 1);
  }

  async #keep(key: string, look: Look, entry: Entry): Promise<void> {
    const fetched = await this.#fetched(entry);
    const kept = look.keep(key, fetched);
    look.end();
    if (kept !== undefined) expect(kept.value).toEqual(fetched.value);
    this.#know({ key, at: entry.at });
  }

  async #fetched({ at, versions, expiresAt }: Entry): Promise<FetchedEntry> {
    const [generation, ...tags] = versions.map((one) => ({
      tag: one.key.slice(one.key.lastIndexOf(':') + 1),
      version: String(one.at).padStart(11, '0'),
    })) as [TagVersion, ...TagVersion[]];
    const ttl = expiresAt - this.setup.now();
    return this.setup.fetched({ value: { at, versions }, ttl, generations: generation.version, tags });
  }

  #executeNext(): boolean {
    const next = this.#calls.find((one) => !one.executed);
    if (next === undefined) return false;
    next.executed = true;
    next.execute();
    return true;
  }

  /** Continuations of replies may come in any order. */
  #answer(which: number): void {
    const executed = this.#calls.filter((one) => one.executed);
    const call = executed[which % Math.max(1, executed.length)];
    if (call === undefined) return;
    this.#calls.splice(this.#calls.indexOf(call), 1);
    call.answer();
  }

  #tell(most: number): void {
    for (const change of this.#untold.splice(0, most)) {
      this.setup.channel.push(change.key);
      this.#know(change);
    }
  }

  #turn(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    this.#untold.length = 0;
    if (!up) return this.setup.channel.down();
    for (const [key, at] of this.#changed) this.#know({ key, at });
    this.setup.channel.up();
  }

  #know({ key, at }: Change): void {
    this.#known.set(key, Math.max(this.#known.get(key) ?? 0, at));
  }

  #get(key: string): void {
    const { channel, tier } = this.setup;
    const entry = tier.get(key);
    if (entry === undefined) return;
    this.hits += 1;
    const { at, versions } = entry.value as Entry;
    expect(channel.trusted).toBe(true);
    expect(entry.expiresAt).toBeGreaterThan(this.setup.now());
    for (const one of [{ key, at }, ...versions]) {
      expect(one.at, one.key).toBeGreaterThanOrEqual(this.#known.get(one.key) ?? 0);
    }
  }
}
