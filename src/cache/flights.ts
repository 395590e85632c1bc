import type { Lease } from '../store/coherence.js';
import { InvalidOptionsError } from '../errors.js';
import type { StoredEntry } from '../store/store.js';

const LOADER_RULE =
  'the loader asks for the key that it loads, and would wait for itself for ever; let it get its value without the cache, or under another key';

/** What a flight brings home. */
export interface Landing {
  readonly value: unknown;
  /** Whether a loader has given it. */
  readonly loaded: boolean;
  /** Whether it is an old value, past its ttl: somebody's load has failed a moment ago. */
  readonly stale: boolean;
  /** The ttl it was stored with; `undefined` = it was not. */
  readonly storedTtl: number | null | undefined;
  /** Whether the flight brings something at all: a loader of many keys may not know one of them. */
  readonly found: boolean;
  /**
   * Whether nobody has invalidated the value since the flight's claim was sent. Only then is it for those who came after
   * that: they may know of the invalidation.
   */
  readonly current: boolean;
  /** Gives one who joined a copy of its own; `undefined` where the value cannot be copied. */
  readonly copy: (() => unknown) | undefined;
}

/** What a flight brings that has found out nothing. */
const NOTHING: Landing = Object.freeze({
  value: undefined,
  loaded: false,
  stale: false,
  storedTtl: undefined,
  found: false,
  current: false,
  copy: undefined,
});

/** Whether a caller who waited for a flight was given what it brought, and not a stale entry in its place. */
export function isLanding(one: Landing | StoredEntry): one is Landing {
  return 'current' in one;
}

/** Whether what a flight brings is for one who came at turn `since`. */
export function isEntitled(since: number, flight: Flight, { current }: Landing): boolean {
  return current || flight.claimedAt > since;
}

/** One load that is under way for a key: what is to be stored, by one process at a time. */
export class Flight {
  readonly id: string;
  readonly key: string;
  /** The tags that are known before the load. */
  readonly tags: readonly string[];
  /** Callers beside the one who began it. */
  joined = 0;
  /** Callers who wait no longer. */
  left = 0;
  /** When its claim was last sent, in turns of the board. */
  claimedAt = 0;
  /** False once the key was written, removed or invalidated here: what is loaded is then too old to be stored. */
  current = true;
  /** True once it has lost its place on the board, where it would be told of such changes: it stores nothing any more. */
  detached = false;
  /** True while its loader is being called, up to the loader's first wait: whoever joins then is the loader itself. */
  calling = false;
  /** Whether it was begun beside a value that is still served, so that nobody waits for it. */
  readonly isRefresh: boolean;
  /** True from the call of its loader on. */
  loading = false;
  /** What it may fill with. */
  lease: Lease | undefined;
  /** The entry that is still there, fresh or stale, as its claim has found it. */
  old: StoredEntry | undefined;
  /** True once it has ended without a load. */
  over = false;
  /** Told when that happens while it waits for its turn to load. */
  whenOver: (() => void) | undefined;
  /** Told when it loses its place on the board while it loads. */
  whenDetached: (() => void) | undefined;
  readonly landing: Promise<Landing>;
  readonly #land: (landing: Landing) => void;
  readonly #fail: (error: unknown) => void;

  constructor(id: string, key: string, tags: readonly string[], isRefresh = false) {
    this.id = id;
    this.isRefresh = isRefresh;
    this.key = key;
    this.tags = tags;
    let land!: (landing: Landing) => void;
    let fail!: (error: unknown) => void;
    this.landing = new Promise((resolve, reject) => {
      land = resolve;
      fail = reject;
    });
    // A flight whose callers have all gone fails unheard.
    this.landing.catch(() => {});
    this.#land = land;
    this.#fail = fail;
  }

  /** Calls the loader of flights. */
  static call<T>(flights: readonly Flight[], load: () => T): T {
    for (const flight of flights) flight.calling = flight.loading = true;
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
  /** Counts the claims that were sent. Who came at an earlier turn than a claim came before it. */
  turn = 0;

  /**
   * Joins the flight of a key, if there is one.
   *
   * @throws InvalidOptionsError when the flight's own loader asks, before its first wait: it would wait for itself
   */
  join(id: string): Flight | undefined {
    this.refuseOwn(id);
    const flight = this.#flights.get(id);
    if (flight !== undefined) flight.joined += 1;
    return flight;
  }

  /** @throws InvalidOptionsError when the key's own loader asks for it, before its first wait */
  refuseOwn(id: string): void {
    if (this.#flights.get(id)?.calling === true) throw new InvalidOptionsError('key', LOADER_RULE);
  }

  /** Begins a flight. One that is under way for the key goes on for those who joined it, and stores nothing. */
  begin(id: string, key: string, tags: readonly string[]): Flight {
    this.#leave(this.#flights, id);
    const flight = new Flight(id, key, tags);
    this.#flights.set(id, flight);
    return flight;
  }

  /**
   * Begins a flight beside a value that is still served, so that nobody joins it; `undefined` when one is under way.
   */
  beginRefresh(id: string, key: string, tags: readonly string[]): Flight | undefined {
    if (this.#refreshes.has(id)) return undefined;
    const flight = new Flight(id, key, tags, true);
    this.#refreshes.set(id, flight);
    return flight;
  }

  /** A flight beside the board: nobody joins it, and it stores nothing. */
  alone(key: string, tags: readonly string[]): Flight {
    const flight = new Flight('', key, tags);
    flight.current = false;
    return flight;
  }

  /** The claims of these flights are sent now, or they load without one: what they bring is for all who came before. */
  claim(flights: readonly Flight[]): void {
    this.turn += 1;
    for (const flight of flights) {
      flight.claimedAt = this.turn;
      flight.current = !flight.detached;
      flight.old = undefined;
    }
  }

  /** Takes a flight off the board, so that nobody joins any more. */
  end(flight: Flight): void {
    const { id } = flight;
    if (this.#flights.get(id) === flight) this.#flights.delete(id);
    if (this.#refreshes.get(id) === flight) this.#refreshes.delete(id);
  }

  /** A caller waits no longer. A flight that nobody waits for gives up, unless its loader runs: what that brings is stored. */
  leave(flight: Flight): void {
    flight.left += 1;
    if (!flight.loading && flight.left > flight.joined) this.giveUp(flight);
  }

  /** Ends a flight that brings nothing. */
  giveUp(flight: Flight): void {
    this.end(flight);
    flight.over = true;
    flight.whenOver?.();
    flight.land(NOTHING);
  }

  /**
   * The key was written or removed: a flight that loads stores nothing, and newcomers begin a new one. One that only has
   * claimed yet claims once more.
   */
  detach(id: string): void {
    for (const board of [this.#flights, this.#refreshes]) {
      if (board.get(id)?.loading === false) (board.get(id) as Flight).current = false;
      else this.#leave(board, id);
    }
  }

  #leave(board: Map<string, Flight>, id: string): void {
    const flight = board.get(id);
    if (flight === undefined) return;
    flight.current = false;
    flight.detached = true;
    board.delete(id);
    flight.whenDetached?.();
  }

  /** Detaches every flight that a predicate picks. */
  detachWhere(picks: (flight: Flight) => boolean): void {
    for (const flight of [...this.#flights.values(), ...this.#refreshes.values()]) {
      if (picks(flight)) this.detach(flight.id);
    }
  }

  /** Flights under way. */
  get size(): number {
    return this.#flights.size + this.#refreshes.size;
  }
}
