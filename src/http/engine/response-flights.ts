import { LRUCache } from 'lru-cache';
import type { LoadWishes } from '../../cache/load-context.js';
import type { ShareOptions } from '../../cache/load-options.js';
import type { ResolvedStale } from '../../cache/stale-options.js';
import { isFailure, NoResponse } from './no-response.js';
import type { ResponseFiller } from './response-filler.js';
import type { Answer, Question, RunAnswer } from './response-question.js';
import type { ResponseFlightsContext } from './response-flights-context.js';
import { packEntry, unpackEntry, type StoredEntry } from './stored-entry.js';
import { isSpent, unpackResponse, type StoredResponse } from '../rule/stored-response.js';
import { Turn } from './turn.js';

/** For how long nobody waits for a response of a URL after one of it could not be stored, in milliseconds. */
const UNCACHEABLE_FOR = 10_000;
/** For how long it is remembered that it could not: in this time one request at a time tries again. */
const UNCACHEABLE_KEPT = 600_000;
/**
 * The share of requests that try again before that. Who asks for what cannot be stored at every moment when it may be tried
 * keeps nobody else's response out for long: it is chance that picks the others, too.
 */
const TRIED_SOONER = 1 / 8;
/** Keys that are tried before a request is not cached: guessed, learned, and once more when the one who ran gave up. */
const TRIES = 4;

/** How long an entry is fresh at the least, in milliseconds: one that has to be renewed before it is used, too. */
const AT_LEAST_FRESH = 1;

/** How long a request waits at the most while a response is slow, in milliseconds. */
const IMPATIENCE = 250;
const SLOW_REMEMBERED = 1_000;

const NOTHING = Buffer.alloc(0);
const ALONE: RunAnswer = Object.freeze({ kind: 'alone', filler: undefined });

/** What one key gave. */
type Outcome =
  | RunAnswer
  | {
      readonly kind: 'bytes';
      readonly bytes: unknown;
      readonly coalesced: boolean;
      /** Whether a stale response is served on purpose. */
      readonly stale: boolean;
    };

/** One key that a request tries, and the names of the headers that it was made of. */
interface Place {
  readonly question: Question;
  readonly key: string;
  readonly names: readonly string[];
}

/**
 * Finds the response to a request, or has one request run the handler for all that ask for the same, in all processes. Stands
 * on the loads of the cache: the load of a response waits for the handler of the request whose load is called.
 */
export class ResponseFlights {
  readonly #context: ResponseFlightsContext;
  /** Keys whose response was waited for in vain, and until when that is remembered, by the monotonic clock. */
  readonly #slow = new LRUCache<string, number>({ max: SLOW_REMEMBERED });

  /** Responses that were read, by the bytes that the memory of the process keeps. */
  readonly #known = new WeakMap<Buffer, StoredResponse>();

  constructor(context: ResponseFlightsContext) {
    this.#context = context;
  }

  /** The fresh stored response to a request that this process remembers, at once; `undefined` where it has to be looked up. */
  remembered(question: Question): StoredResponse | undefined {
    const names = this.#context.variants.namesOf(question.family);
    const key = names.length === 0 ? question.key : question.variantKey(names);
    return this.#context.cache.glance(key, (bytes) => {
      const response = this.#read(bytes);
      const serves = response !== undefined && !isSpent(response) && question.matches(response);
      return serves ? response : undefined;
    });
  }

  /** To read the same bytes for every hit takes longer than to find them. */
  #read(bytes: Buffer): StoredResponse | undefined {
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const response = unpackResponse(bytes);
    if (response !== undefined) this.#known.set(bytes, response);
    return response;
  }

  /** Answers a request. Rejects as the cache does. A hit is one round trip. */
  async ask(question: Question): Promise<Answer> {
    const { variants } = this.#context;
    let names = variants.namesOf(question.family);
    for (let tries = 0; tries < TRIES; tries++) {
      const key = names.length === 0 ? question.key : question.variantKey(names);
      if (!variants.admit(question.family, key)) return ALONE;
      const place = { question, key, names };
      const outcome = await this.#try(place);
      if (outcome.kind !== 'bytes') return outcome;
      const entry = unpackEntry(outcome.bytes);
      if (entry === undefined) {
        if (outcome.bytes === NOTHING) continue;
        // Nothing of ours: it would keep the place until its end.
        return this.#probe(place);
      }
      if (entry.kind === 'uncacheable') return this.#isSpared(entry.until) ? ALONE : this.#probe(place);
      if (entry.kind === 'response' && question.matches(entry.response)) {
        const { coalesced, stale } = outcome;
        if (!coalesced && !stale && isSpent(entry.response)) {
          await this.#pass(AT_LEAST_FRESH);
          continue;
        }
        return { kind: 'stored', response: entry.response, coalesced, varied: names.length > 0 };
      }
      names = variants.learn(question.family, namesIn(entry));
    }
    return ALONE;
  }

  /** The stored response to a request that runs its handler in any other case, and fills nothing. */
  async find(question: Question): Promise<StoredResponse | undefined> {
    const { cache, variants } = this.#context;
    let names = variants.namesOf(question.family);
    for (let tries = 0; tries < TRIES; tries++) {
      const key = names.length === 0 ? question.key : question.variantKey(names);
      const entry = unpackEntry(await cache.get(key));
      if (entry === undefined || entry.kind === 'uncacheable') return undefined;
      if (entry.kind === 'response' && question.matches(entry.response)) return entry.response;
      names = variants.learn(question.family, namesIn(entry));
    }
    return undefined;
  }

  /** Looks a key up, waits for another request's handler, or leads. */
  #try(place: Place): Promise<Outcome> {
    const { cache, clock, settling } = this.#context;
    const { tags, wait } = place.question;
    return new Promise((resolve, reject) => {
      const turn = new Turn(clock, this.#patienceFor(place.key, wait), () => {
        this.#slow.set(place.key, clock.monotonic() + wait);
        resolve(ALONE);
      });
      const load = (wishes: LoadWishes): unknown => {
        if (wishes.isRefresh) return this.#renew(place, wishes);
        // Its request has run its handler by itself meanwhile: somebody else is to lead.
        if (turn.isOver) return decline(wishes);
        const { filler, filled } = this.#leading(place, wishes, () => settling(loading.catch(() => {})));
        const old = unpackResponse(wishes.stale);
        const varied = place.names.length > 0;
        turn.end(() => resolve({ kind: 'lead', filler, old, varied, instead: () => responseIn(loading) }));
        return filled;
      };
      const loading = cache.share(place.key, load, {
        tags,
        stale: JUDGED,
        servesStale: staleJudge(place.question),
        isFailure,
        refreshing: settling,
      });
      loading.then(
        ({ value, coalesced = false, stale = false }) =>
          turn.end(() => resolve({ kind: 'bytes', bytes: value, coalesced, stale })),
        (error: Error) => turn.end(() => (error instanceof NoResponse ? resolve(ALONE) : reject(error))),
      );
    });
  }

  /** How long to wait for a response: not for long where somebody has waited in vain lately, as for a handler that hangs. */
  #patienceFor(key: string, wait: number): number {
    const until = this.#slow.get(key);
    return until === undefined || until <= this.#context.clock.monotonic()
      ? wait
      : Math.min(wait, IMPATIENCE);
  }

  #renew(place: Place, wishes: LoadWishes): Promise<Buffer> {
    const { filler, filled } = this.#leading(place, wishes, () => {});
    place.question.refresh(unpackResponse(wishes.stale), filler);
    return filled;
  }

  /** What fills for those who wait, and what they wait for. */
  #leading(
    place: Place,
    wishes: LoadWishes,
    storing: () => void,
  ): { readonly filler: ResponseFiller; readonly filled: Promise<Buffer> } {
    let filler!: ResponseFiller;
    const filled = new Promise<Buffer>((resolve, reject) => {
      filler = {
        store: ({ response, ttl, grace, tags }) => {
          const { value, beside } = this.#layOut(place, response);
          // One that is stale at once is kept to be renewed.
          wishes.ttl(ttl === null ? null : Math.max(AT_LEAST_FRESH, ttl));
          wishes.grace = grace;
          // Past the check: some are the library's own.
          for (const tag of tags) wishes.named.add(tag);
          if (beside !== undefined) wishes.beside(beside.key, beside.value);
          storing();
          resolve(value);
        },
        refuse: () => {
          wishes.ttl(UNCACHEABLE_KEPT);
          wishes.grace = 0;
          resolve(this.#uncacheable());
        },
        fail: () => reject(new NoResponse(true)),
        skip: () => reject(new NoResponse(false)),
      };
    });
    return { filler, filled };
  }

  #pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#context.clock.schedule(milliseconds, resolve, true));
  }

  /** Whether a request need not try what could not be stored a moment ago. */
  #isSpared(until: number): boolean {
    return until > this.#context.clock.now() && Math.random() >= TRIED_SOONER;
  }

  /** Tries whether responses of a URL can be stored again. One request at a time does so, and nobody waits for it. */
  async #probe(place: Place): Promise<RunAnswer> {
    const { cache, settling } = this.#context;
    const reservation = await cache.reserve(place.key, place.question.tags, true);
    if (reservation === undefined) return ALONE;
    reservation.keep();
    const end = (work: Promise<void>): void => settling(work.catch(() => {}));
    const filler: ResponseFiller = {
      store: ({ response, ttl, ...kept }) => {
        const life = ttl === null ? null : Math.max(AT_LEAST_FRESH, ttl);
        end(reservation.put({ ...kept, ttl: life, ...this.#layOut(place, response) }));
      },
      refuse: () => {
        const { tags } = place.question;
        end(reservation.put({ value: this.#uncacheable(), ttl: UNCACHEABLE_KEPT, grace: 0, tags }));
      },
      fail: () => end(reservation.giveBack()),
      skip: () => end(reservation.giveBack()),
    };
    return { kind: 'alone', filler };
  }

  /** What is stored of a response under the key that was tried, and under another one when it differs by further headers. */
  #layOut(
    { question, key, names }: Place,
    response: StoredResponse,
  ): { value: Buffer; beside?: { key: string; value: Buffer } } {
    const { variants } = this.#context;
    const all = variants.learn(question.family, [...names, ...namesIn({ kind: 'response', response })]);
    const variantKey = all.length === 0 ? question.key : question.variantKey(all);
    const value = packEntry({ kind: 'response', response });
    if (variantKey === key) return { value };
    const pointer = packEntry({ kind: 'variants', names: all });
    return variants.admit(question.family, variantKey)
      ? { value: pointer, beside: { key: variantKey, value } }
      : { value: pointer };
  }

  #uncacheable(): Buffer {
    return packEntry({ kind: 'uncacheable', until: this.#context.clock.now() + UNCACHEABLE_FOR });
  }
}

/** The response that a load has brought, if it was one. */
async function responseIn(
  loading: Promise<{ readonly value: unknown }>,
): Promise<StoredResponse | undefined> {
  const found = await loading.catch(() => undefined);
  return unpackResponse(found?.value);
}

/** Each response says for how long after its ttl it may be served. */
const JUDGED: ResolvedStale = Object.freeze({ revalidate: Infinity, error: Infinity });

function staleJudge(question: Question): NonNullable<ShareOptions['servesStale']> {
  return (value, staleFor, when) => {
    const response = unpackResponse(value);
    return response !== undefined && question.mayServeStale(response, staleFor, when);
  };
}

function decline(wishes: LoadWishes): Buffer {
  wishes.skip();
  return NOTHING;
}

function namesIn(entry: StoredEntry): readonly string[] {
  switch (entry.kind) {
    case 'variants':
      return entry.names;
    case 'response':
      return entry.response.selected.map(({ name }) => name);
    case 'uncacheable':
      return [];
  }
}
