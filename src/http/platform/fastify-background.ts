import type { Observable } from 'rxjs';
import { runForNobody } from './background-run.js';
import type { BackgroundLimits, Offer } from './exchange.js';
import { takeUnsent } from './fastify-capture.js';
import type { FastifyReply } from './fastify-reply.js';
import { hasPreSerialization } from './fastify-serializer.js';
import { overlay } from './overlay.js';
import type { ResponseStart } from './response-start.js';
import { refuseToSend, unsentResponse } from './unsent-response.js';

/** What of a reply leads to its being sent, or to more of it. */
const SENDERS = ['callNotFound', 'hijack', 'send', 'trailer'];

/** A reply that has gone out, and what it was like before its handler. */
interface Answered {
  readonly reply: FastifyReply;
  /** Of Node's response. */
  readonly start: ResponseStart;
  /** Of the reply, which has those of Node's response too. */
  readonly headers: ReadonlyMap<string, unknown>;
}

/**
 * Runs a handler once more on a reply that has gone out. Never rejects. The hooks of the route do not run; where they would
 * make something else of the handler's value, nothing is offered.
 */
export async function runFastifyAgain(
  { reply, start, headers }: Answered,
  run: () => Observable<unknown>,
  offer: Offer,
  limits: BackgroundLimits,
): Promise<void> {
  if (hasPreSerialization(reply)) return;
  const sent = new Map(Object.entries(reply.getHeaders()));
  setHeaders(reply, headers);
  const unsent = unsentResponse(reply.raw, start);
  const senders = overlay(reply);
  for (const name of SENDERS) senders.put(name, refuseToSend);
  const ending = await runForNobody(run, limits);
  if (ending.kind === 'late') return;
  try {
    if (ending.kind === 'value') takeUnsent(reply, ending.value, offer, limits.maxBodyBytes);
  } catch {
    // It cannot be serialised: there is no response.
  }
  senders.remove();
  unsent.restore();
  setHeaders(reply, sent);
}

function setHeaders(reply: FastifyReply, headers: ReadonlyMap<string, unknown>): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  for (const [name, value] of headers) reply.header(name, value as string);
}
