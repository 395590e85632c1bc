import type { Answer } from './findings.js';

/** Asks a page of a copy again and again, and keeps what was answered. */
export class Watch {
  readonly answers: Answer[] = [];
  readonly #url: string;
  /** The population that the page shows before anything has been changed. */
  readonly #initial: number;
  readonly #running: Promise<void>;
  #over = false;

  private constructor(url: string, initial: number) {
    this.#url = url;
    this.#initial = initial;
    this.#running = this.#run();
  }

  static async begin(url: string): Promise<Watch> {
    return new Watch(url, (await ask(url)).population);
  }

  /** Whether the newest answer came from memory and shows this change. */
  remembers(change: number): boolean {
    const newest = this.answers.at(-1);
    return newest !== undefined && newest.fromMemory && newest.change === change;
  }

  /** @throws Error when a request has failed meanwhile */
  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const asked = performance.now();
      const { population, fromMemory } = await ask(this.#url);
      const answered = performance.now();
      // Each change adds one inhabitant, to the city and to its country.
      this.answers.push({ asked, answered, change: population - this.#initial, fromMemory });
    }
  }
}

async function ask(url: string): Promise<{ population: number; fromMemory: boolean }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  const { population } = (await response.json()) as { population: number };
  return { population, fromMemory: response.headers.get('cache-status') === 'memory; hit' };
}
