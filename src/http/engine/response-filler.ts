import type { StoredResponse } from '../rule/stored-response.js';

/** A response that may be stored. */
export interface KeptResponse {
  readonly response: StoredResponse;
  /** Milliseconds to live, `null` = for ever. */
  readonly ttl: number | null;
  /** For how long it is kept on after that, in milliseconds. */
  readonly grace: number;
  /** All of its tags. */
  readonly tags: readonly string[];
}

/** Takes what became of one run of a handler. The first call counts. The client waits for none of it. */
export interface ResponseFiller {
  /** Stores the response, and gives it to those who wait for it. */
  store(kept: KeptResponse): void;
  /** The response is for its own client alone, as those of this URL probably are: nobody waits for one for a while. */
  refuse(): void;
  /** The handler has failed: an old response may stand in. */
  fail(): void;
  /** There is nothing that others could be given, and it says nothing of the next response: a client has left, say. */
  skip(): void;
}
