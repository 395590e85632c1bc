import type { TagVersion } from '../codec/envelope.js';

/**
 * How long a tag lives from when it is made or invalidated, in milliseconds: entries without a longer life need no more. Tags
 * are made before it is known whether anything is stored under them, so those of names that clients made up must go soon.
 */
export const TAG_LIFE = 3_600_000;

const TAGS_REMEMBERED = 10_000;

interface Life {
  readonly version: string;
  /** When this version was last seen. */
  seen: number;
  /** Until when it lives at least. */
  readonly until: number;
}

/**
 * What a process knows of how long tags live in Redis. A tag that expires before an entry that carries it makes the entry
 * invalid, so what is forgotten here, or wrong, costs a look or misses.
 */
export class TagLives {
  readonly #lives = new Map<string, Life>();

  /** Those of the tags of which it is not known that they live for `life` milliseconds from now; `null` = for ever. */
  due(tags: readonly TagVersion[], life: number | null, now: number): TagVersion[] {
    const needed = life === null ? Infinity : now + life;
    return tags.filter((one) => this.#untilOf(one, now) < needed);
  }

  /** A tag lives for `life` milliseconds from now; `null` = for ever. */
  learn({ tag, version }: TagVersion, life: number | null, now: number): void {
    if (this.#lives.size >= TAGS_REMEMBERED && !this.#lives.has(tag)) this.#lives.clear();
    this.#lives.set(tag, { version, seen: now, until: life === null ? Infinity : now + life });
  }

  #untilOf(one: TagVersion, now: number): number {
    const known = this.#lives.get(one.tag);
    if (known === undefined) return -Infinity;
    if (known.version === one.version) {
      known.seen = now;
      return known.until;
    }
    // It was written after it was last seen, and given this life then.
    const life = known.seen + TAG_LIFE - now;
    this.learn(one, life, now);
    return now + life;
  }
}

/** The life that a tag is given for entries that live for `life` milliseconds: longer, so that it is lengthened rarely. */
export function lifeFor(life: number | null): number | null {
  return life === null ? null : Math.max(TAG_LIFE, 2 * life);
}
