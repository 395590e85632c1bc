import type { Observable } from 'rxjs';
import { runForNobody } from './background-run.js';
import type { BackgroundLimits, Offer } from './exchange.js';
import { captureExpress } from './express-capture.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import type { ResponseStart } from './response-start.js';
import { unsentResponse } from './unsent-response.js';

/** A request that was answered, and what its response was like before its handler. */
interface Answered {
  readonly request: ExpressRequest;
  readonly response: ExpressResponse;
  readonly start: ResponseStart;
}

/** Runs a handler once more on a response that has gone out. Never rejects. */
export async function runExpressAgain(
  { request, response, start }: Answered,
  run: () => Observable<unknown>,
  offer: Offer,
  limits: BackgroundLimits,
): Promise<void> {
  const unsent = unsentResponse(response, start);
  const capture = captureExpress(request, response, offer, limits.maxBodyBytes);
  const ending = await runForNobody(run, limits);
  if (ending.kind === 'value') {
    unsent.finish();
    capture.complete(ending.value);
    try {
      reply(response, ending.value as Value);
    } catch {
      // It cannot be serialised: there is no response.
    }
  }
  capture.cancel();
  // A handler that goes on must not meet a response that throws at each touch.
  if (ending.kind !== 'late') unsent.restore();
}

/** Whatever a handler may give. */
type Value = object | string | number | boolean | bigint | null | undefined;

/** As Nest replies. */
function reply(response: ExpressResponse, value: Value): unknown {
  if (value === undefined || value === null) return response.send();
  return typeof value === 'object' ? response.json(value) : response.send(String(value));
}
