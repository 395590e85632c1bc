import type { Judge } from './judge.js';
import { entriesOf, type Entry } from './entries.js';
import type { Ask, HandlerRun, Played } from './record.js';

/**
 * The stored response that a request must have been answered with; `undefined` = it is not certain that there was one. It is
 * certain only in simple cases: nothing else was under way when it was made or asked for, all that was to be stored had been
 * waited for, and no handler has run for its path since, nor shortly before: a response that could not be stored lets nobody
 * wait for the next one for a while.
 */
export function surelyStored(ask: Ask, played: Played, judge: Judge): Entry | undefined {
  if (!ask.alone) return undefined;
  const { url } = ask.action.request;
  const runs = played.runs.filter((run) => run.ask.action.request.url === url && run.began < ask.sent);
  const made = runs.at(-1);
  if (made === undefined || made.background || !made.ask.alone || made.unmodified) return undefined;
  if (made.ask.request.method !== 'GET' || made.ask.request.url !== ask.request.url) return undefined;
  const before = runs.slice(0, -1);
  if (before.some((run) => run.ask.at === made.ask.at)) return undefined;
  // A failure is followed by a pause, which goes by real time; and what was made for visitors stays, though somebody else runs.
  if (before.some((run) => run.status >= 500 || whoAsks(run.ask) !== whoAsks(made.ask))) return undefined;
  // What one process has learned of how the responses of a URL differ stays, and the other may not know of it.
  if (before.some(varies) && !saysTheSame(made.ask, ask)) return undefined;
  if (played.invalidations.some(({ began, done }) => done > made.began && began < ask.sent)) return undefined;
  const [entry] = entriesOf(made, played);
  return entry !== undefined && judge.objections(entry, ask, 'fresh').length === 0 ? entry : undefined;
}

function varies({ headers }: HandlerRun): boolean {
  return headers.has('vary');
}

function saysTheSame(one: Ask, other: Ask): boolean {
  const names = ['accept-language', 'x-tenant', 'cookie'];
  return (
    one.action.app === other.action.app &&
    names.every((name) => one.sentHeaders[name] === other.sentHeaders[name])
  );
}

function whoAsks({ request: { authorization, user, session } }: Ask): string {
  return JSON.stringify([authorization, user, session]);
}
