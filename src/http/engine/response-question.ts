import type { ResolvedStale } from '../../cache/stale-options.js';
import type { ResponseFiller } from './response-filler.js';
import type { StoredResponse } from '../rule/stored-response.js';

/** What a request asks of the cache. */
export interface Question {
  /** Names the URL and who may be given its responses: what may have many variants. */
  readonly family: string;
  /** Names the response, by all that is known of it but what `Vary` says. */
  readonly key: string;
  /** The tags that are known before the handler runs. */
  readonly tags: readonly string[];
  /** Whether a response may be served so many milliseconds after its ttl: while it is renewed, or after an error. */
  mayServeStale(response: StoredResponse, staleFor: number, when: keyof ResolvedStale): boolean;
  /** How long it waits for another request's handler, in milliseconds. */
  readonly wait: number;
  /** The key of the variant that this request gets, where the responses of its URL differ by these headers. */
  variantKey(names: readonly string[]): string;
  /** Whether a response was selected by what this request says, too. */
  matches(response: StoredResponse): boolean;
  /** Runs the handler for nobody, to renew a response that is served stale meanwhile. */
  refresh(old: StoredResponse | undefined, filler: ResponseFiller): void;
}

/** What a request is told. */
export type Answer =
  /** `coalesced` = another request has just made it. `varied` = as for one that leads. */
  | {
      readonly kind: 'stored';
      readonly response: StoredResponse;
      readonly coalesced: boolean;
      readonly varied: boolean;
    }
  | RunAnswer;

/** What a request is told that runs its handler. */
export type RunAnswer =
  /**
   * Run the handler, and tell `filler`. `old` = a stale response that the handler may say is still right. `instead` gives the
   * one that may be served after `filler.fail()`. `varied` = the responses of this URL differ by what requests say, as far as
   * is known.
   */
  | {
      readonly kind: 'lead';
      readonly filler: ResponseFiller;
      readonly old: StoredResponse | undefined;
      readonly varied: boolean;
      instead(): Promise<StoredResponse | undefined>;
    }
  /** Run the handler; nobody waits for it. `filler` takes its response all the same where it is given. */
  | { readonly kind: 'alone'; readonly filler: ResponseFiller | undefined };
