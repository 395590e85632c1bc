const MOST_CHANGES = 10_000;

/**
 * The looks at Redis that are under way, and what has changed since they began: what a look has found is to be remembered
 * only if nothing has touched it since. Keys are Redis keys. Holds nothing while no look is under way.
 */
export class Looks {
  /** Counts looks and changes, and so puts them in order. */
  #count = 0;
  #open = 0;
  /** When a key was touched last: no look that began before may remember anything of it. */
  readonly #touched = new Map<string, number>();
  /** Until when everything counts as touched. */
  #allTouched = 0;

  /** How many looks are under way. */
  get open(): number {
    return this.#open;
  }

  /** How many touched keys are remembered. */
  get touched(): number {
    return this.#touched.size;
  }

  /** A look begins. Gives its place in the order, which later looks have a higher one than. */
  begin(): number {
    this.#open += 1;
    this.#count += 1;
    return this.#count;
  }

  /** A look is over. */
  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#touched.clear();
  }

  /** A key has changed, or may change from now on. */
  touch(key: string): void {
    if (this.#open === 0) return;
    this.#count += 1;
    this.#note(key, this.#count);
  }

  /** A look has found the entry of a key, which was left alone since: what older looks find is older. */
  supersede(key: string, look: number): void {
    if (this.#open > 1) this.#note(key, look);
  }

  #note(key: string, count: number): void {
    if (this.#touched.size >= MOST_CHANGES) this.touchAll();
    this.#touched.set(key, count);
  }

  /** Any key may have changed. */
  touchAll(): void {
    this.#touched.clear();
    this.#count += 1;
    this.#allTouched = this.#count;
  }

  /** Whether a key was left alone since a look began. */
  untouched(key: string, look: number): boolean {
    return look > this.#allTouched && (this.#touched.get(key) ?? 0) <= look;
  }
}
