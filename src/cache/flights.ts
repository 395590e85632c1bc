import { InvalidOptionsError } from '../errors.js';

const LOADER_RULE =
  'the loader asks for the key that it loads, and would wait for itself for ever; let it get its value without the cache, or under another key';

/** What a flight brings home. */
export interface Landing {
  readonly value: unknown;
  /**
   * Gives one who joined a copy of its own; `undefined` where the value cannot be copied, or the loader knew no such key,
   * so that whoever joined must load for itself.
   */
  readonly copy: (() => unknown) | undefined;
}

/** One lookup-and-load that is under way for a key. */
export class Flight {
  /** Callers beside the one who began it. */
  joined = 0;
  /** False once the key was written or removed: what is loaded is then too old to be stored. */
  current = true;
  /** True while its loader is being called, up to the loader's first wait: whoever joins then is the loader itself. */
  calling = false;
  readonly landing: Promise<Landing>;
  readonly #land: (landing: Landing) => void;
  readonly #fail: (error: unknown) => void;

  constructor() {
    let land!: (landing: Landing) => void;
    let fail!: (error: unknown) => void;
    this.landing = new Promise((resolve, reject) => {
      land = resolve;
      fail = reject;
    });
    // A flight that fails while nobody has joined is reported by the one who began it.
    this.landing.catch(() => {});
    this.#land = land;
    this.#fail = fail;
  }

  /** Calls the loader of flights. */
  static call<T>(flights: readonly Flight[], load: () => T): T {
    for (const flight of flights) flight.calling = true;
    try {
      return load();
    } finally {
      for (const flight of flights) flight.calling = false;
    }
  }

  land(landing: Landing): void {
    this.#land(landing);
  }

  fail(error: unknown): void {
    this.#fail(error);
  }
}

/**
 * The flights of one cache and its namespaces, by key: what makes concurrent callers of a cold key share one loader
 * (single flight).
 */
export class Flights {
  readonly #flights = new Map<string, Flight>();
  readonly #refreshes = new Map<string, Flight>();
  /** Raised before and after each clear of the cache or of a namespace: what was made of older data must not be stored. */
  clears = 0;

  /**
   * Joins the flight of a key, if there is one.
   *
   * @throws InvalidOptionsError when the flight's own loader asks, before its first wait: it would wait for itself
   */
  join(id: string): Flight | undefined {
    const flight = this.#flights.get(id);
    if (flight === undefined) return undefined;
    if (flight.calling) throw new InvalidOptionsError('key', LOADER_RULE);
    flight.joined += 1;
    return flight;
  }

  /** Begins a flight. One that is under way for the key goes on for those who joined it, and stores nothing. */
  begin(id: string): Flight {
    this.detach(id);
    const flight = new Flight();
    this.#flights.set(id, flight);
    return flight;
  }

  /**
   * Begins a flight beside a value that is still served, so that nobody joins it; `undefined` when one is under way.
   */
  beginRefresh(id: string): Flight | undefined {
    if (this.#refreshes.has(id)) return undefined;
    const flight = new Flight();
    this.#refreshes.set(id, flight);
    return flight;
  }

  /** Takes a flight off the board, so that nobody joins any more. */
  end(id: string, flight: Flight): void {
    if (this.#flights.get(id) === flight) this.#flights.delete(id);
    if (this.#refreshes.get(id) === flight) this.#refreshes.delete(id);
  }

  /** The key was written or removed: the flight under way stores nothing, and newcomers begin a new one. */
  detach(id: string): void {
    for (const board of [this.#flights, this.#refreshes]) {
      const flight = board.get(id);
      if (flight === undefined) continue;
      flight.current = false;
      board.delete(id);
    }
  }

  /** Detaches every flight whose id a predicate picks. */
  detachWhere(picks: (id: string) => boolean): void {
    for (const id of [...this.#flights.keys(), ...this.#refreshes.keys()]) {
      if (picks(id)) this.detach(id);
    }
  }

  /** Flights under way. */
  get size(): number {
    return this.#flights.size + this.#refreshes.size;
  }
}
