/** Holds handlers until somebody lets them go on: requests are ordered by what happens, and not by time. */
export class Gates {
  readonly #held = new Map<string, (() => void)[]>();
  readonly #open = new Set<string>();
  readonly #tell: (gate: string) => void;

  /** `tell` hears of each handler that comes to a gate. */
  constructor(tell: (gate: string) => void) {
    this.#tell = tell;
  }

  /** Waits until the gate is open. */
  pass(gate: string | undefined): Promise<void> {
    if (gate === undefined) return Promise.resolve();
    this.#tell(gate);
    if (this.#open.has(gate)) return Promise.resolve();
    return new Promise((resolve) => this.#held.set(gate, [...(this.#held.get(gate) ?? []), resolve]));
  }

  /** Lets all go on that are held there, and who comes later. */
  open(gate: string): void {
    this.#open.add(gate);
    for (const go of this.#held.get(gate) ?? []) go();
    this.#held.delete(gate);
  }
}
