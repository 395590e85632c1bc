import type { ModelRequest } from '../../../support/http-model/messages.js';
import type { RawReply } from '../http-client.js';
import type { RequestAction, Script } from './app-program.js';

/** A request that was made: moments are numbers that rise, one for each thing that is seen to happen. */
export interface Ask {
  readonly id: number;
  readonly action: RequestAction;
  /** As the model knows it: its URL is the resource. */
  readonly request: ModelRequest;
  /** In seconds of the model since the program began. */
  readonly at: number;
  readonly sentHeaders: Readonly<Record<string, string>>;
  readonly sent: number;
  /** Whether other requests or invalidations were under way with it. */
  readonly alone: boolean;
  answered: number;
  reply: RawReply;
  /** Whether its response is over: what runs from then on runs for nobody. */
  closed: boolean;
  readonly runs: HandlerRun[];
}

/** A run of a handler. */
export interface HandlerRun {
  readonly id: number;
  readonly ask: Ask;
  readonly script: Script;
  readonly background: boolean;
  readonly began: number;
  ended: number;
  /** What it has answered. */
  readonly status: number;
  /** Whether it called right what it was asked about. */
  readonly unmodified: boolean;
  readonly failed: boolean;
  /** What it was asked by. */
  readonly asked: string | undefined;
  /** What it has set, as it was written, by lower-cased name. */
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  readonly body: string;
}

/** What was invalidated, from when to when. What was made from things read before `began` must not be found from `done` on. */
export interface Invalidation {
  readonly id: string | undefined;
  began: number;
  done: number;
}

/** All that a program did, in the end. */
export interface Played {
  readonly asks: readonly Ask[];
  readonly runs: readonly HandlerRun[];
  readonly invalidations: readonly Invalidation[];
  /** When the program began, in milliseconds since the epoch. */
  readonly start: number;
  /** By how much time went on while nobody let it, in milliseconds. */
  readonly drift: number;
}
