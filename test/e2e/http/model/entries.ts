import type { ModelResponse, ModelRun } from '../../../support/http-model/messages.js';
import { confirming } from '../../../support/http-model/rfc-9111.js';
import type { HandlerRun, Played } from './record.js';

/** A response that may be stored: one that a run has made, perhaps called right by later runs. */
export interface Entry {
  readonly model: ModelRun;
  /** The run whose body it has. */
  readonly made: HandlerRun;
  /** The last run that called it right, or the one that made it. */
  readonly last: HandlerRun;
  /** What it was before that; `undefined` = not there. */
  readonly before: Entry | undefined;
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
}

/** What a 304 says nothing of (RFC 9111 section 3.2). */
const OF_BODY = new Set(['content-type', 'content-length', 'content-encoding', 'set-cookie']);
const LONGEST_CHAIN = 4;

/** What may have become of the response that a run has made. */
export function entriesOf(made: HandlerRun, { runs }: Played): Entry[] {
  const { headers, ask, script } = made;
  const response = responseOf(script.response, made);
  const first: Entry = {
    model: { at: ask.at, request: ask.request, response },
    made,
    last: made,
    before: undefined,
    headers,
  };
  const entries = [first];
  for (let length = 1, ends = [first]; length < LONGEST_CHAIN && ends.length > 0; length += 1) {
    ends = ends.flatMap((entry) =>
      runs
        .filter((run) => run.unmodified && run.began > entry.last.ended)
        .filter((run) => run.ask.request.url === ask.request.url && asksFor(run, made))
        .map((run) => confirmed(entry, run)),
    );
    entries.push(...ends);
  }
  return entries;
}

/** Whether a run was asked by the validator of a response. */
function asksFor({ asked }: HandlerRun, made: HandlerRun): boolean {
  const tag = made.headers.get('etag');
  if (tag !== undefined) return tag === asked;
  // A platform makes one of the body.
  return asked?.startsWith('W/"') === true || made.headers.get('last-modified') === asked;
}

function confirmed(entry: Entry, run: HandlerRun): Entry {
  const said = responseOf(run.script.response, run);
  const updates = [...run.headers].filter(([name]) => !OF_BODY.has(name));
  const kept = [...entry.headers].filter(([name]) => name !== 'date');
  return {
    model: confirming(entry.model, run.ask.request, said, run.ask.at),
    made: entry.made,
    last: run,
    before: entry,
    headers: new Map([...kept, ...updates]),
  };
}

function responseOf(response: ModelResponse, { headers, status, background }: HandlerRun): ModelResponse {
  // Where nothing is sent, middleware has no head to add a cookie to.
  const cookie = background && response.cookie === 'late' ? 'none' : response.cookie;
  return { ...response, status, cookie, etag: headers.has('etag') };
}
