/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  /** `names` tell apart those who share a seed: a node, a worker. */
  constructor(seed: number, ...names: readonly (string | number)[]) {
    this.#state = hash([seed, ...names].join('/'));
  }

  /** From 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `below`, which is not among them. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** A number between two. */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Some of a list, at least one, each once. */
  some<T>(list: readonly T[]): T[] {
    const some = list.filter(() => this.chance(0.4));
    return some.length > 0 ? some : [this.pick(list)];
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) if ((left -= weight) < 0) return name;
    return (entries[0] as [T, number])[0];
  }
}

/** A seed from the environment (`HISTORY_SEED`), or one that nobody has chosen. */
export function chosenSeed(): number {
  const given = Number(process.env['HISTORY_SEED'] ?? NaN);
  return Number.isFinite(given) ? given : Math.floor(Math.random() * 1e9);
}

function hash(text: string): number {
  let state = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x0100_0193);
  return state;
}
